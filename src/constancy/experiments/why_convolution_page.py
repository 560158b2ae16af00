"""The outcome of `why_convolution` as one self-contained page."""

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from constancy.evaluation.figures.style import (
    STYLE,
    WIDTH,
    Look,
    both_looks,
    dress,
    legend,
    new_figure,
    percent_tick,
)
from constancy.experiments.why_convolution import Outcome, shuffle_pixels
from constancy.page import render, thumbnail

SHOWN = 6  # images, as they are and shuffled


def render_why_convolution(
    outcomes: list[Outcome], images: np.ndarray, order: np.ndarray, classes: list[str]
) -> str:
    """The page; images: uint8, N x H x W x C, of which the first six are shown; order: of the pixels
    of those that are shuffled; classes: what they show.
    """
    shown = images[:SHOWN]
    pairs = zip(shown, shuffle_pixels(shown, order), classes, strict=False)
    return render(
        Path(__file__).with_name("why_convolution.html.j2"),
        outcomes=outcomes,
        pairs=[(thumbnail(one), thumbnail(other), name) for one, other, name in pairs],
        pixelated=images.shape[1] <= 64,
        bars=both_looks(accuracies, outcomes),
    )


@rc_context(STYLE)
def accuracies(outcomes: list[Outcome], look: Look) -> Figure:
    """Two bars for each network: on images as they are, and with their pixels shuffled."""
    figure = new_figure(WIDTH, 3.6)
    axes = figure.add_subplot()
    dress(axes, look)
    places = np.arange(len(outcomes))
    kinds = {
        "as they are": [outcome.natural for outcome in outcomes],
        "pixels shuffled": [outcome.shuffled for outcome in outcomes],
    }
    for index, (label, heights) in enumerate(kinds.items()):
        bars = axes.bar(
            places + 0.38 * (index - 0.5),
            heights,
            width=0.36,
            label=label,
            color=look.series[index],
            hatch=("", "//")[index],
            edgecolor=look.ink,
        )
        axes.bar_label(bars, [f"{100 * each:.1f} %" for each in heights], color=look.ink, padding=2)
    axes.set_xticks(places, [outcome.network for outcome in outcomes])
    axes.set_ylim(0, 1.1)
    axes.set_ylabel("accuracy")
    axes.yaxis.set_major_formatter(percent_tick)
    legend(figure, axes, look, columns=2)
    return figure
