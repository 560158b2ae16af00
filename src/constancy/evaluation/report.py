"""The evaluation as one self-contained HTML page, for whoever signs off a release."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from constancy.evaluation.by_class import LEAST_OF_CLASS, worst_classes
from constancy.evaluation.calibration import BINS, Reliability, reliability
from constancy.evaluation.confusion import confusion_counts, growing_pairs, most_confused
from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.examples import Cell, example_sheets
from constancy.evaluation.figures.confusion_matrix import confusion_matrix
from constancy.evaluation.figures.reliability_diagram import reliability_diagram
from constancy.evaluation.figures.severity_curves import severity_curves
from constancy.evaluation.figures.style import both_looks
from constancy.evaluation.figures.trade_off_plot import trade_off_plot
from constancy.evaluation.figures.training_history import training_history
from constancy.evaluation.harmful import Flip
from constancy.evaluation.history import best_epoch
from constancy.evaluation.invariance import RATE
from constancy.evaluation.scores import Metrics
from constancy.evaluation.sensitivity import rival_pairs
from constancy.evaluation.specimens import worst_kinds
from constancy.evaluation.trade_off import trade_offs
from constancy.page import ORIGIN, VERDICT, count, overlay, percent, render, span, thumbnail
from constancy.settings.base import COMBINED, PIXEL_FACTORS, SEVERITIES
from constancy.settings.flat import flat
from constancy.settings.model import STRUCTURES

WORST_CLASSES = 10
PAIRS = 12  # most confused pairs that are listed
FULL_TINT = 0.3  # a cell of the table is tinted fully where accuracy is so far below clean
TIMES = "\u00d7"

_UNITS = {
    "tilt": "camera turned about the picture, degrees",
    "roll": "camera turned about its axis, up to degrees",
    "gamma": "gamma, or its inverse",
    "shade": "light missing beyond a lamp's reach",
    "uneven": "unevenness of the light elsewhere, stops",
    "mired": "colour of the light against daylight, up to mired",
    "smaller": "size of the object, smaller",
    "larger": "size of the object, larger",
    "rms": "displacement, percent of the side",
    "patches": "pieces of other classes' images",
    "backdrop": "opacity of another background, behind masked objects",
    "area": "share of the image hidden",
}


def render_report(evaluation: Evaluation, history: pd.DataFrame, run: Mapping[str, Any]) -> str:
    """The page: no reference leaves it, and the same inputs give the same text.

    history, run: of the training, as given by `load_history` and `load_run`.
    """
    metrics = evaluation.metrics
    untouched = _untouched(evaluation)
    reliabilities = _reliabilities(evaluation)
    return render(
        Path(__file__).with_name("report.html.j2"),
        filters={"tint": _tint(untouched)},
        network=evaluation.card.name,
        verdict=Markup(VERDICT),  # noqa: S704 - a constant
        origin=Markup(ORIGIN),  # noqa: S704 - a constant
        summary=summary(metrics),
        metrics=metrics,
        varied=float(np.mean([metrics.factors[name].accuracy for name in PIXEL_FACTORS])),
        hardest=_hardest(metrics),
        base=len(evaluation.suite.index),
        untouched=untouched,
        rows=[*metrics.factors.items(), (COMBINED, metrics.combined)],
        combine=evaluation.suite.combine,
        severities=SEVERITIES,
        full_tint=FULL_TINT,
        classes=evaluation.dataset.classes,
        sheets=example_sheets(evaluation),
        pixelated=evaluation.dataset.image.size <= 64,
        best=best_epoch(history),
        epochs=len(history),
        strengths=_strengths(evaluation.suite.strengths),
        provenance=_provenance(evaluation, run),
        settings=list(flat(_of_training(run["settings"], evaluation.card.name))),
        **_confusion(evaluation),
        flips=[_flip(each) for each in evaluation.flips],
        **_classes(evaluation),
        kinds=[(kind, _shots(evaluation, kind.rows)) for kind in worst_kinds(evaluation)],
        learned=_learned(evaluation),
        **_data_sheet(evaluation),
        layer_factors=[*PIXEL_FACTORS, COMBINED],
        rate=RATE,
        least_of_class=LEAST_OF_CLASS,
        reliability=both_looks(reliability_diagram, reliabilities),
        bins=_bins(reliabilities),
        curves=both_looks(severity_curves, metrics, untouched),
        training=both_looks(training_history, history),
    )


def _reliabilities(evaluation: Evaluation) -> dict[str, Reliability]:
    """Of the clean images, and of those under one factor at a time."""
    labels = evaluation.split.labels
    varied = (evaluation.varied[name] for name in PIXEL_FACTORS)
    return {
        "clean images": reliability([evaluation.clean], labels),
        "under a factor": reliability(varied, labels[evaluation.base_rows]),
    }


def _bins(
    reliabilities: Mapping[str, Reliability],
) -> list[tuple[str, list[float | None], list[int]]]:
    """Rows of (confidences, accuracy of each kind of images or None, how many answers of each)."""
    rows = []
    for number in range(BINS):
        counts = [int(each.counts[number]) for each in reliabilities.values()]
        if any(counts):
            shares = [
                float(each.accuracy[number]) if each.counts[number] else None
                for each in reliabilities.values()
            ]
            confidences = span((number / BINS, (number + 1) / BINS))
            rows.append((confidences, shares, counts))
    return rows


def _untouched(evaluation: Evaluation) -> float:
    """Accuracy on the base images as they are."""
    rows = evaluation.base_rows
    right: np.ndarray = evaluation.answers[rows] == evaluation.split.labels[rows]
    return float(right.mean())


def _flip(flip: Flip) -> dict[str, Any]:
    """A flip, and its four pictures: the image and the variant, and what spoke for each answer."""
    pictures = [thumbnail(flip.image), thumbnail(flip.variant)]
    if flip.attention:
        shown = zip((flip.image, flip.variant), flip.attention, strict=True)
        pictures += [overlay(*pair) for pair in shown]
    return {"flip": flip, "pictures": pictures}


def _shots(evaluation: Evaluation, rows: Sequence[int]) -> list[Cell]:
    """Clean test images, with what they were read as."""
    answers = evaluation.answers[rows].tolist()
    labels = evaluation.split.labels[rows].tolist()
    return [
        Cell(thumbnail(evaluation.split.images[row]), answer, answer == label)
        for row, answer, label in zip(rows, answers, labels, strict=True)
    ]


def _learned(evaluation: Evaluation) -> dict[str, Any]:
    """What the network learned, as addresses of pictures."""
    found, base = evaluation.learned, evaluation.base_rows
    images = evaluation.split.images
    return {
        "filters": [thumbnail(each) for each in found.filters],
        "image": thumbnail(found.image),
        "maps": {name: [thumbnail(each) for each in maps] for name, maps in found.maps.items()},
        "exciting": {
            name: {
                unit: [thumbnail(images[base[position]]) for position in positions]
                for unit, positions in units.items()
            }
            for name, units in found.exciting.items()
        },
    }


def _data_sheet(evaluation: Evaluation) -> dict[str, Any]:
    """Of each class, how many images it has in each split and among the base images of the suite, and
    what it is worth; invariance against sensitivity as a figure.
    """
    classes, labels, base = (
        evaluation.dataset.classes,
        evaluation.split.labels,
        evaluation.base_rows,
    )
    varied = np.bincount(labels[base], minlength=len(classes)).tolist()
    pairs = rival_pairs(evaluation.suite.intra_class["rival"].to_numpy())
    found = trade_offs(evaluation.answers, evaluation.variant_answers, base, labels, pairs)
    by_class = {each.label: each for each in found}
    counts = zip(*evaluation.counts.values(), varied, strict=True)
    return {
        "sheet": [
            (name, list(numbers), by_class.get(label))
            for label, (name, numbers) in enumerate(zip(classes, counts, strict=True))
        ],
        "trade_off": both_looks(trade_off_plot, found, classes) if found else None,
    }


def _classes(evaluation: Evaluation) -> dict[str, Any]:
    """Which classes variation costs most, and which pairs are confused the more, the more it varies."""
    rows, labels = evaluation.base_rows, evaluation.split.labels
    own, clean = labels[rows], evaluation.answers[rows]
    varied = evaluation.variant_answers
    right = {name: answers == own for name, answers in varied.items()}
    return {
        "worst_classes": worst_classes(clean == own, right, own, WORST_CLASSES),
        "growing": growing_pairs(clean, varied, own, len(evaluation.dataset.classes), PAIRS),
    }


def summary(metrics: Metrics) -> str:
    """The outcome in one sentence."""
    worst = metrics.worst_factor
    return (
        f"Right on {percent(metrics.clean.accuracy)} of {count(metrics.clean.count)} clean test images; "
        f"weakest under {worst}: {percent(metrics.factors[worst].accuracy)}."
    )


def _tint(clean: float) -> Callable[[float], str]:
    """A filter that says how strongly an accuracy is tinted: 0 (no worse than clean) to 1."""

    def tint(accuracy: float) -> str:
        return f"{min(max((clean - accuracy) / FULL_TINT, 0), 1):.3f}"

    return tint


def _hardest(metrics: Metrics) -> dict[str, Any]:
    """The factor, or several at once, and severity with the lowest accuracy of all."""
    accuracy, name, severity = min(
        (accuracy, name, severity)
        for name, factor in [*metrics.factors.items(), (COMBINED, metrics.combined)]
        for severity, accuracy in zip(SEVERITIES, factor.severities, strict=True)
    )
    return {"factor": name, "severity": severity, "accuracy": accuracy}


def _confusion(evaluation: Evaluation) -> dict[str, Any]:
    """The confusion matrix as a figure, and its commonest mistakes."""
    classes = evaluation.dataset.classes
    counts = confusion_counts(evaluation.split.labels, evaluation.answers, len(classes))
    wrong = int(counts.sum() - np.trace(counts))
    return {
        "confusion": both_looks(confusion_matrix, counts, classes),
        "pairs": most_confused(counts, PAIRS),
        "wrong": wrong,
    }


def _strengths(strengths: dict[str, dict[str, list[float]]]) -> list[tuple[str, str, list[str]]]:
    """Rows of (factor, what is varied, its value at each severity)."""
    return [
        (factor, _UNITS.get(key, key), [f"{value:g}" for value in values])
        for factor, keys in strengths.items()
        for key, values in keys.items()
    ]


def _of_training(settings: Mapping[str, Any], network: str) -> dict[str, Any]:
    """The settings of the training, without what they say of other networks and what the page says
    elsewhere.
    """
    shown: dict[str, Any] = {name: settings[name] for name in ("model", "train", "variation")}
    others = set(STRUCTURES) - {network}
    shown["model"] = {k: v for k, v in shown["model"].items() if k not in others}
    shown["variation"] = {k: v for k, v in shown["variation"].items() if k != "strengths"}
    return shown


def _provenance(evaluation: Evaluation, run: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Rows of (what, value, whether it is to be set in a fixed-width font)."""
    card, suite, image = evaluation.card, evaluation.suite, evaluation.dataset.image
    structure = ", ".join(f"{key} {value}" for key, value in card.structure.items())
    varied = sum(int(np.prod(each.shape[:3])) for each in evaluation.varied.values())
    here = {name: version(name) for name in ("constancy", "numpy", "torch")}
    return [
        ("Network", f"{card.name}: {structure}" if structure else card.name, False),
        ("Parameters", count(evaluation.parameters), False),
        ("Weights (SHA-256)", evaluation.weights, True),
        ("Suite (SHA-256)", suite.digest, True),
        (
            "Images",
            f"{image.size} {TIMES} {image.size} pixels, {image.color}, fit: {image.fit}",
            False,
        ),
        ("Chosen for the machine", ", ".join(f"{k} {v}" for k, v in run["choices"].items()), False),
        ("Seed of the training", str(run["settings"]["seed"]), False),
        ("Seed of the suite", str(suite.seed), False),
        ("Classes", count(len(card.classes)), False),
        ("Clean test images", count(len(evaluation.split)), False),
        ("Base images of the suite", count(len(suite.index)), False),
        ("Varied images", count(varied), False),
        ("Scored with", _versions(here), False),
        ("Suite made with", _versions(suite.libraries), False),
    ]


def _versions(libraries: dict[str, str]) -> str:
    return ", ".join(f"{name} {libraries[name]}" for name in sorted(libraries))
