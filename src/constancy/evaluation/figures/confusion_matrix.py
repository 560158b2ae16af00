"""What each class is taken for."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from constancy.evaluation.figures.style import (
    STYLE,
    WIDTH,
    Look,
    contrast,
    dress,
    new_figure,
    shorten,
)

READABLE_CLASSES = 60  # with more there are neither names nor numbers


@rc_context(STYLE)
def confusion_matrix(counts: np.ndarray, classes: list[str], look: Look) -> Figure:
    """Counts by actual (rows) and predicted class (columns).

    Right answers and mistakes have colours of their own, each growing with its share of the actual
    class, mistakes faster: one in a hundred is already seen.

    counts: int, classes x classes.
    """
    readable = len(classes) <= READABLE_CLASSES
    side = max(WIDTH, 1.6 + 0.26 * len(classes)) if readable else WIDTH
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    filling = _filling(share)
    colors = _confusion_colors(filling, look)
    axes.imshow(colors, aspect="equal", interpolation="none")
    dress(axes, look)
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
            color=_ink_on(colors[actual, predicted], look),
        )
    return figure


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


def _ink_on(color: np.ndarray, look: Look) -> str:
    """Black or white for text, whichever stands out more from a cell, and one does by 4.5; color: RGBA
    in 0..1.
    """
    page = np.array(to_rgb(look.page))
    under = color[3] * color[:3] + (1 - color[3]) * page
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(to_rgb(ink), tuple(under)))
