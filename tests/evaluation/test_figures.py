import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from constancy.evaluation.calibration import reliability
from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.figures.confusion_matrix import confusion_matrix
from constancy.evaluation.figures.reliability_diagram import reliability_diagram
from constancy.evaluation.figures.severity_curves import severity_curves
from constancy.evaluation.figures.style import DARK, LIGHT, Look, contrast, shorten, svg
from constancy.evaluation.figures.trade_off_plot import NAMED, trade_off_plot
from constancy.evaluation.figures.training_history import training_history
from constancy.evaluation.history import COLUMNS
from constancy.evaluation.trade_off import TradeOff
from constancy.settings.base import FACTORS


def texts(drawn: str) -> list[str]:
    """Every text in an SVG image, which must be well-formed."""
    return [
        each.text or ""
        for each in ElementTree.fromstring(drawn).iter()
        if each.tag.endswith("text")
    ]


def test_severity_curves_show_each_factor_and_the_clean_accuracy(evaluation: Evaluation) -> None:
    figure = severity_curves(evaluation.metrics, 0.875, LIGHT)
    *lines, clean = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == list(FACTORS)
    for line in lines:
        factor = evaluation.metrics.factors[str(line.get_label())]
        assert list(line.get_ydata()) == factor.severities
    bands = [each.get_paths()[0].vertices[:, 1] for each in figure.axes[0].collections]
    for name, band in zip(FACTORS, bands, strict=True):
        ends = np.array(evaluation.metrics.factors[name].severity_intervals)
        assert set(band) == set(ends.ravel())
    assert set(clean.get_ydata()) == {0.875}


def test_curves_can_be_told_apart_without_colour(evaluation: Evaluation) -> None:
    *lines, _ = severity_curves(evaluation.metrics, 0.875, LIGHT).axes[0].get_lines()
    assert len({line.get_marker() for line in lines}) == len(FACTORS)
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == len(FACTORS)


def test_a_reliability_diagram_shows_where_answers_are_right_less_often_than_stated() -> None:
    labels = np.repeat([0, 1], 50)
    sure = np.where(np.arange(100)[:, None] % 2 == 0, [0.0, 4.0], [4.0, 0.0])
    found = reliability([sure], labels)
    figure = reliability_diagram({"clean images": found, "under a factor": found}, LIGHT)
    diagonal, clean, _ = figure.axes[0].get_lines()
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert list(clean.get_xdata()) == pytest.approx([1 / (1 + np.exp(-4))])
    assert list(clean.get_ydata()) == pytest.approx([0.5])
    assert found.counts.sum() == 100


def test_a_trade_off_shows_each_class_and_names_those_that_fall_behind() -> None:
    found = [TradeOff(label, 0.9 - 0.1 * label, 0.5 + 0.1 * label) for label in range(5)]
    figure = trade_off_plot(found, ["cat", "dog", "cow", "$\\frac{", "a" * 50], LIGHT)
    points, mean = figure.axes[0].get_lines()
    assert list(points.get_xdata()) == [each.sensitivity for each in found]
    assert list(points.get_ydata()) == [each.invariance for each in found]
    assert (mean.get_xdata()[0], mean.get_ydata()[0]) == pytest.approx((0.7, 0.7))
    named = texts(svg(figure))
    assert sum(each in named for each in ("cat", "dog", "$\\frac{", shorten("a" * 50))) == 2 * NAMED
    assert "cow" not in named


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_lines_stand_out_from_the_page(look: Look) -> None:
    """Contrast of at least 3 for lines and 4.5 for text (WCAG 2.2, 1.4.11 and 1.4.3)."""
    page = to_rgb(look.page)
    for color in (*look.series, look.right, look.wrong):
        assert contrast(to_rgb(color), page) >= 3
    for color in (look.ink, look.muted):
        assert contrast(to_rgb(color), page) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    grey = to_rgb("#767676")  # the lightest that passes on white
    assert contrast(grey, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_numbers_of_the_confusion_matrix_are_readable_whatever_is_under_them(look: Look) -> None:
    counts = np.array([[number, 100 - number] for number in range(0, 101, 5)])
    for right, wrong in counts:
        figure = confusion_matrix(np.array([[right, wrong], [wrong, right]]), ["a", "b"], look)
        (axes,) = figure.axes
        colors = np.asarray(axes.get_images()[0].get_array())
        for text in axes.texts:
            column, row = (int(each) for each in text.get_position())
            cell = colors[row, column]
            under = cell[3] * cell[:3] + (1 - cell[3]) * np.array(to_rgb(look.page))
            assert contrast(to_rgb(text.get_color()), tuple(under)) >= 4.5


def test_the_confusion_matrix_shows_every_count_but_zero() -> None:
    counts = np.array([[40, 3, 0], [0, 41, 5], [0, 0, 42]])
    found = texts(svg(confusion_matrix(counts, ["cat", "dog", "owl"], LIGHT)))
    assert sorted(text for text in found if text.isdigit()) == ["3", "40", "41", "42", "5"]
    assert found.count("owl") == 2


def test_class_names_of_any_kind_are_drawn_as_they_are() -> None:
    classes = ["<b>&amp;", "$x$", "$", "鳥", "bell\x07\n"]
    found = texts(svg(confusion_matrix(np.diag([1, 2, 3, 4, 5]), classes, LIGHT)))
    assert {"<b>&amp;", "$x$", "$", "鳥", "bell  "} <= set(found)


def test_a_matrix_of_very_many_classes_has_no_names() -> None:
    drawn = svg(confusion_matrix(np.eye(400, dtype=int), [f"class {n}" for n in range(400)], LIGHT))
    assert "class 7" not in drawn
    assert len(drawn) < 300_000


def test_fifty_classes_keep_their_names_and_numbers() -> None:
    counts = np.full((50, 50), 2)
    found = texts(svg(confusion_matrix(counts, [f"class {n}" for n in range(50)], LIGHT)))
    assert found.count("2") == 2500
    assert found.count("class 49") == 2


def test_training_history_marks_the_best_epoch_counted_from_one() -> None:
    history = pd.DataFrame({column: [0.1, 0.4, 0.3] for column in COLUMNS})
    history["epoch"] = range(3)
    figure = training_history(history, DARK)
    found = texts(svg(figure))
    assert "best epoch, 2" in found
    assert "validation, under factors" in found
    assert list(figure.axes[0].get_lines()[0].get_xdata()) == [1, 2, 3]


def test_a_training_of_one_epoch_is_seen() -> None:
    history = pd.DataFrame({column: [0.5] for column in COLUMNS} | {"epoch": [0]})
    assert training_history(history, LIGHT).axes[0].get_lines()[0].get_marker() == "o"


def test_the_same_figure_gives_the_same_bytes(evaluation: Evaluation) -> None:
    drawn = [svg(severity_curves(evaluation.metrics, 0.875, LIGHT)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert "dc:date" not in drawn[0]


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    assert shorten("a" * 18) == "a" * 18
    assert shorten("a" * 19) == "a" * 17 + "…"
