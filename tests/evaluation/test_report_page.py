import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_page import Page
from scored_project import scored, training, write_stages

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.report import render_report, summary
from constancy.evaluation.specimens import worst_kinds
from constancy.page import percent, points, span
from constancy.settings.base import PIXEL_FACTORS


@pytest.fixture(scope="module")
def html(project: Path, evaluation: Evaluation) -> str:
    return render_report(evaluation, *training(project))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of 20 noisy colour images with class names that would break out of a page."""
    folder = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(0)
    classes = ['<b>"bold"</b>', "<script>alert(1)</script>", "'onload='x", "$\\frac{", "a" * 90]
    images = rng.integers(0, 256, (70, 100, 100, 3), dtype=np.uint8)
    labels = np.arange(70) % 5
    write_stages(folder, images, labels, classes, tests=20, suite_images=20, epochs=1)
    return render_report(scored(folder, examples=20), *training(folder))


def test_nothing_is_loaded_from_anywhere(html: str, page: Page) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        for name in ("src", "srcset", "href", "action", "poster", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not re.search(r"https?://|url\(|@import", html)


def test_every_image_says_what_it_shows(page: Page, evaluation: Evaluation) -> None:
    images = page.all("img")
    figures, sheets, flips = 5, 5 * (1 + 7 * 5), 4 * len(evaluation.flips)
    kinds = sum(len(kind.rows) for kind in worst_kinds(evaluation))
    learned = evaluation.learned
    maps = sum(map(len, learned.maps.values()))
    exciting = sum(len(each) for units in learned.exciting.values() for each in units.values())
    seen = len(learned.filters) + 1 + maps + exciting
    assert len(images) == figures + sheets + flips + kinds + seen
    assert all((image["alt"] or "").strip() for image in images)


def test_the_page_is_built_for_every_reader(page: Page) -> None:
    page.assert_built_for_every_reader()


def test_the_page_holds_every_score(page: Page, evaluation: Evaluation) -> None:
    assert summary(evaluation.metrics) in page.text
    for name, factor in evaluation.metrics.factors.items():
        intervals = [*factor.severity_intervals, factor.accuracy_interval]
        cells = zip([*factor.severities, factor.accuracy], intervals, strict=True)
        texts = [name, *(points(value) + span(interval) for value, interval in cells)]
        row = r"\s+".join(map(re.escape, (*texts, points(factor.retention))))
        assert re.search(rf"\b{row}\b", page.text)
        if steady := factor.stability:
            kappa = f"{steady.consistency:.3f}"
            texts = [points(steady.harmful), points(steady.helpful), kappa]
            row = r"\s+".join(map(re.escape, (name, *texts, points(steady.orbit_accuracy))))
            assert re.search(rf"\b{row}", page.text)
    for name, layer in evaluation.metrics.invariance.items():
        ratios = [layer.factors[factor] for factor in (*PIXEL_FACTORS, "combined")]
        numbers = ["none" if each is None else f"{each:.1f}" for each in ratios]
        row = r"\s+".join(map(re.escape, (name, *numbers, str(layer.units), str(layer.dead))))
        assert re.search(rf"\b{row}\b", page.text)
    clean, sensitivity = evaluation.metrics.clean, evaluation.metrics.sensitivity
    assert sensitivity is not None
    for share in (sensitivity.accuracy, clean.calibration.ece, clean.calibration.ece_if_calibrated):
        assert percent(share) in page.text


def test_the_page_says_where_it_comes_from(page: Page, evaluation: Evaluation) -> None:
    for fact in (
        evaluation.weights,
        evaluation.suite.digest,
        f"{evaluation.parameters:,}",
        "torch 2.",
        "precision fp32, batch_size 64",
    ):
        assert fact in page.text
    for row in (
        r"Seed of the training\s+0\b",
        r"Seed of the suite\s+0\b",
        r"train\.epochs\s+50\b",
        r"model\.cnn\.filters\s+\[32, 64, 128\]",
        r"variation\.copies\.scale\s+4\b",
    ):
        assert re.search(row, page.text), row
    assert "model.resnet" not in page.text


def test_the_data_sheet_counts_every_split(page: Page, evaluation: Evaluation) -> None:
    labels = evaluation.split.labels
    for label, name in enumerate(evaluation.dataset.classes):
        varied = int((labels[evaluation.base_rows] == label).sum())
        counts = [*(each[label] for each in evaluation.counts.values()), varied]
        assert counts[2] == (labels == label).sum()
        row = r"\s+".join([re.escape(name), *(f"{each:,}" for each in counts)])
        assert re.search(rf"\b{row}\b", page.text)


def test_the_hardest_of_all_may_be_several_factors_at_once(
    project: Path, evaluation: Evaluation
) -> None:
    metrics = evaluation.metrics
    combined = replace(metrics.combined, severities=[0.9, 0.8, 0.7, 0.0123, 0.5])
    changed = replace(evaluation, metrics=replace(metrics, combined=combined))
    text = Page(render_report(changed, *training(project))).text
    assert re.search(r"Hardest of all\s+1\.2.%\s+combined, severity 4", text)


def test_wrong_readings_are_framed_and_named(page: Page, evaluation: Evaluation) -> None:
    shots = [image for image in page.all("img") if "shot" in (image.get("class") or "")]
    wrong = [image for image in shots if "wrong" in (image["class"] or "").split()]
    assert 0 < len(wrong) < len(shots)
    assert all("wrongly read as" in (image["alt"] or "") for image in wrong)
    readings = sum(each.get("class") == "reading" for each in page.all("span"))
    assert readings + len(evaluation.flips) == len(wrong)  # whose headings name the reading


def test_the_same_evaluation_gives_the_same_page(
    html: str, project: Path, evaluation: Evaluation
) -> None:
    assert render_report(scored(project), *training(project)) == html


def test_class_names_cannot_break_out(hostile: str) -> None:
    page = Page(hostile)
    assert not page.all("b")
    assert not page.all("script")
    assert all("onload" not in attributes for _, attributes in page.tags)
    assert "<script>alert(1)</script>" in page.text


def test_the_largest_page_stays_below_eight_megabytes(
    hostile: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert len(hostile.encode()) < 8_000_000
    folder, rng = tmp_path_factory.mktemp("largest"), np.random.default_rng(0)
    images = rng.integers(0, 256, (1260, 49, 49, 3), dtype=np.uint8)
    labels, classes = np.arange(1260) % 60, [f"class {number}" for number in range(60)]
    write_stages(folder, images, labels, classes, tests=600, suite_images=20, epochs=1)
    page = render_report(scored(folder, examples=20), *training(folder))
    assert len(page.encode()) < 8_000_000


def test_a_hundred_percent_means_that_nothing_is_wrong() -> None:
    assert points(1) == "100"
    assert points(1 - 1e-16 * 3) == "100"
    assert points(0.99999) == "99.9"
    assert points(0.9934) == "99.3"
    assert points(1.02) == "102.0"
    assert percent(0.5) == "50.0\u202f%"


def test_the_summary_is_one_plain_sentence(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    factors = {
        name: replace(each, accuracy=0.961 if name == "occlusion" else 0.99)
        for name, each in metrics.factors.items()
    }
    clean = replace(metrics.clean, accuracy=0.9926, count=1270)
    text = summary(replace(metrics, clean=clean, factors=factors))
    assert text.replace("\u202f", " ") == (
        "Right on 99.3 % of 1,270 clean test images; weakest under occlusion: 96.1 %."
    )
