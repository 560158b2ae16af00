"""Invariance against sensitivity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
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
    shorten,
)
from constancy.evaluation.trade_off import TradeOff

NAMED = 2
"""Classes of either the least invariance or the least sensitivity that are named."""


@rc_context(STYLE)
def trade_off_plot(trade_offs: Sequence[TradeOff], classes: Sequence[str], look: Look) -> Figure:
    """A point for each class, the better the further up and to the right; their mean as a square.

    trade_offs: at least one.
    """
    sensitivity = np.array([each.sensitivity for each in trade_offs])
    invariance = np.array([each.invariance for each in trade_offs])
    figure = new_figure(WIDTH, 3.8)
    axes = figure.add_subplot()
    dress(axes, look)
    style: dict[str, Any] = {"linestyle": "none", "markeredgewidth": 0}
    axes.plot(
        sensitivity,
        invariance,
        label="a class",
        marker="o",
        color=look.series[0],
        alpha=0.8,
        **style,
    )
    axes.plot(
        [sensitivity.mean()],
        [invariance.mean()],
        label="mean of the classes",
        marker="s",
        markersize=9,
        color=look.series[1],
        **style,
    )
    least = (np.argsort(each, kind="stable")[:NAMED] for each in (invariance, sensitivity))
    for place in dict.fromkeys(np.concatenate(list(least)).tolist()):
        axes.annotate(
            shorten(classes[trade_offs[place].label]),
            (sensitivity[place], invariance[place]),
            xytext=(6, -4),
            textcoords="offset points",
            va="top",
            color=look.ink,
            fontsize=9,
        )
    # The corner that is best is always in sight, and nothing beyond it.
    for limit, values in ((axes.set_xlim, sensitivity), (axes.set_ylim, invariance)):
        room = 1 - min(float(values.min()), 0.98)
        limit(1 - 1.15 * room, 1 + 0.06 * room)
    axes.set_xlabel("sensitivity: look-alikes told apart")
    axes.set_ylabel("invariance")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent_tick)
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    legend(figure, axes, look, columns=2)
    return figure
