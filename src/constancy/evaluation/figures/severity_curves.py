"""Accuracy by severity."""

from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from constancy.evaluation.figures.style import (
    STYLE,
    WIDTH,
    Look,
    dress,
    legend,
    new_figure,
    percent_tick,
)
from constancy.evaluation.scores import Metrics
from constancy.settings.base import SEVERITIES

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

BAND = 0.12  # how strongly a band is tinted


@rc_context(STYLE)
def severity_curves(metrics: Metrics, untouched: float, look: Look) -> Figure:
    """Accuracy by severity: a line for each factor with its band of 95 %, and as a dashed one the
    accuracy on the same images untouched.
    """
    figure = new_figure(WIDTH, 4.6)
    axes = figure.add_subplot()
    dress(axes, look)
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
        low, high = zip(*factor.severity_intervals, strict=True)
        axes.fill_between(
            SEVERITIES,
            low,
            high,
            color=look.series[index],
            alpha=BAND,
            linewidth=0,
        )
    axes.axhline(untouched, label="clean", color=look.ink, linestyle=(0, (4, 3)), linewidth=1.3)
    axes.set_xlabel("severity")
    axes.set_ylabel("accuracy")
    axes.set_xticks(SEVERITIES)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    legend(figure, axes, look, columns=3)
    return figure
