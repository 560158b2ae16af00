"""Figures of the report: matplotlib without pyplot, so that nothing global is drawn on."""

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from constancy.evaluation.history import best_epoch
from constancy.evaluation.scores import Metrics
from constancy.settings.base import SEVERITIES

WIDTH = 5.4  # inches: about 390 CSS pixels, so that text keeps its size on a phone
READABLE_CLASSES = 60  # a confusion matrix of more classes shows neither names nor numbers

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (6, 1.5)),
    (0, (1.2, 1.2)),
    (0, (5, 1.5, 1.2, 1.5)),
    (0, (3, 1.5)),
    (0, (8, 2, 1.2, 2, 1.2, 2)),
    (0, (2, 2.5)),
)
_STYLE: Any = {
    "font.size": 11,
    "font.sans-serif": ["DejaVu Sans"],
    "text.parse_math": False,  # a class may be called "$x"
    "svg.fonttype": "none",  # text as text: the reader's own fonts know every script
    "svg.hashsalt": "constancy",  # else ids in the file are random
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Look:
    """Colours of a figure, to stand on a light or a dark page.

    series: one for each of seven lines, each at a contrast of 3 or more to the page, and told
    apart with any kind of colour vision (in lightness too); lines differ in marker and dash as well.
    """

    ink: str
    muted: str
    grid: str
    right: str
    wrong: str
    on_fill: str
    series: tuple[str, ...]


LIGHT = Look(
    ink="#18212b",
    muted="#55606c",
    grid="#dfe4ea",
    right="#0b5c8a",
    wrong="#c2410c",
    on_fill="#ffffff",
    series=("#0072b2", "#b34700", "#00785a", "#8f2d77", "#7a6200", "#d0342c", "#4a4e57"),
)
DARK = Look(
    ink="#e8edf2",
    muted="#9daab7",
    grid="#2e3944",
    right="#5ab4e8",
    wrong="#ff9a5c",
    on_fill="#10161c",
    series=("#5ab4e8", "#ff9a4d", "#38d3a0", "#e79bd0", "#e8d44d", "#ff7d78", "#c3cad2"),
)


@rc_context(_STYLE)
def severity_curves(metrics: Metrics, look: Look) -> Figure:
    """Accuracy by severity: a line for each factor, and the clean accuracy as a dashed one."""
    figure = _figure(WIDTH, 4.6)
    axes = figure.add_subplot()
    _dress(axes, look)
    for index, (name, factor) in enumerate(metrics.factors.items()):
        axes.plot(
            SEVERITIES,
            factor.severities,
            label=name,
            color=look.series[index],
            marker=_MARKERS[index],
            linestyle=_DASHES[index],
            linewidth=2,
            markersize=6,
            markeredgewidth=0,
        )
    axes.axhline(
        metrics.accuracy, label="clean", color=look.ink, linestyle=(0, (4, 3)), linewidth=1.3
    )
    axes.set_xlabel("severity")
    axes.set_ylabel("accuracy")
    axes.set_xticks(SEVERITIES)
    axes.yaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    _legend(figure, axes, look, columns=3)
    return figure


@rc_context(_STYLE)
def confusion_matrix(counts: np.ndarray, classes: list[str], look: Look) -> Figure:
    """Counts by actual (rows) and predicted class (columns).

    Right answers and mistakes have colours of their own, each growing with its share of the actual
    class, mistakes faster: one in a hundred is already seen.

    counts: int, classes x classes.
    """
    readable = len(classes) <= READABLE_CLASSES
    side = max(WIDTH, 1.6 + 0.26 * len(classes)) if readable else WIDTH
    figure = _figure(side, side)
    axes = figure.add_subplot()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    filling = _filling(share)
    axes.imshow(_confusion_colors(filling, look), aspect="equal", interpolation="none")
    _dress(axes, look)
    axes.grid(visible=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    if not readable:
        axes.set_xticks([])
        axes.set_yticks([])
        return figure
    names = [shorten(name) for name in classes]
    upright = max(map(len, names)) <= 2
    turned: dict[str, Any] = {
        "rotation": 90,
        "rotation_mode": "anchor",
        "ha": "right",
        "va": "center",
    }
    axes.set_xticks(range(len(names)), names, **({} if upright else turned))
    axes.set_yticks(range(len(names)), names)
    for actual, predicted in np.argwhere(counts):
        axes.text(
            predicted,
            actual,
            str(counts[actual, predicted]),
            ha="center",
            va="center",
            fontsize=10 if len(names) <= 20 else 7,
            color=look.on_fill if filling[actual, predicted] > 0.55 else look.ink,
        )
    return figure


@rc_context(_STYLE)
def training_history(history: pd.DataFrame, look: Look) -> Figure:
    """Accuracy, loss and learning rate by epoch; a line marks the best validation score."""
    figure = _figure(WIDTH, 5.6)
    scores, losses, rates = figure.subplots(3, sharex=True, height_ratios=[3, 2, 1])
    epochs = history["epoch"] + 1  # people count from one
    best = int(best_epoch(history)["epoch"]) + 1
    marker = "o" if len(history) == 1 else ""
    lines = {
        "train_accuracy": ("training images", "-"),
        "validation_accuracy": ("validation, clean", (0, (6, 1.5))),
        "validation_factors": ("validation, under factors", (0, (1.2, 1.2))),
        "validation_combined": ("validation, several at once", (0, (4, 1.2, 1, 1.2))),
    }
    for index, (column, (label, dash)) in enumerate(lines.items()):
        style = {"color": look.series[index], "linestyle": dash, "marker": marker}
        scores.plot(epochs, history[column], label=label, linewidth=2, **style)
    losses.plot(epochs, history["train_loss"], color=look.ink, marker=marker)
    rates.plot(epochs, history["rate"], color=look.ink, marker=marker)
    for axes, name in ((scores, "accuracy"), (losses, "training loss"), (rates, "rate")):
        _dress(axes, look)
        axes.set_ylabel(name)
        axes.axvline(
            best, label=f"best epoch, {best}", color=look.ink, linestyle=(0, (4, 3)), linewidth=1.3
        )
    scores.yaxis.set_major_formatter(_percent)
    rates.set_xlabel("epoch")
    rates.xaxis.set_major_locator(MaxNLocator(integer=True))
    rates.yaxis.set_major_locator(MaxNLocator(2))
    figure.align_ylabels()
    _legend(figure, scores, look, columns=2)
    return figure


@rc_context(_STYLE)
def svg(figure: Figure) -> str:
    """The figure as SVG: the same figure gives the same text, without a date or a version."""
    buffer = io.StringIO()
    about = {"Date": None, "Creator": None}
    # The layout is measured with a font that matplotlib brings along; the reader sees the page's,
    # so what that font lacks is no loss.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", transparent=True, metadata=about)
    return buffer.getvalue().replace("'DejaVu Sans'", "system-ui")


def shorten(name: str, limit: int = 18) -> str:
    """A class name that fits beside an axis, without characters that XML does not allow."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _dress(axes: Axes, look: Look) -> None:
    """Give the axes the look's colours."""
    axes.set_facecolor("none")
    axes.grid(visible=True, color=look.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.muted, labelcolor=look.ink, length=3)
    axes.xaxis.label.set_color(look.ink)
    axes.yaxis.label.set_color(look.ink)
    for spine in axes.spines.values():
        spine.set_color(look.muted)


def _legend(figure: Figure, axes: Axes, look: Look, columns: int) -> None:
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=columns,
        labelcolor=look.ink,
        handlelength=2.6,
    )


def _percent(share: float, _: float) -> str:
    """The label of a tick, with no more decimals than it needs."""
    return f"{100 * share:.4g} %"


def _filling(share: np.ndarray) -> np.ndarray:
    """How strongly each cell is coloured, in 0..1: right answers by share, mistakes by its root."""
    return np.where(np.eye(len(share), dtype=bool), share, np.sqrt(share))


def _confusion_colors(filling: np.ndarray, look: Look) -> np.ndarray:
    """RGBA in 0..1, classes x classes x 4: the hue says right or wrong, the opacity how much."""
    colors = np.empty((*filling.shape, 4))
    colors[..., :3] = to_rgb(look.wrong)
    colors[np.diag_indices(len(filling))] = (*to_rgb(look.right), 1)
    colors[..., 3] = 0.9 * filling
    return colors
