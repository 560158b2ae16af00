"""Whether answers are as often right as the model says."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from constancy.evaluation.calibration import BINS, Reliability
from constancy.evaluation.figures.style import (
    STYLE,
    WIDTH,
    Look,
    dress,
    legend,
    new_figure,
    percent_tick,
)


@rc_context(STYLE)
def reliability_diagram(reliabilities: dict[str, Reliability], look: Look) -> Figure:
    """Accuracy by confidence, a line for each kind of images, over the diagonal of a calibrated
    model; below, how many answers each bin holds.
    """
    figure = new_figure(WIDTH, 4.8)
    accuracy, counts = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    accuracy.plot([0, 1], [0, 1], color=look.muted, linewidth=1, label="calibrated")
    middles = (np.arange(BINS) + 0.5) / BINS
    for index, (name, each) in enumerate(reliabilities.items()):
        there = each.counts > 0
        style = {"color": look.series[index], "linestyle": ("-", (0, (6, 1.5)))[index % 2]}
        accuracy.plot(
            each.confidence[there],
            each.accuracy[there],
            label=name,
            marker="os"[index % 2],
            linewidth=2,
            **style,
        )
        counts.step(middles, each.counts / each.counts.sum(), where="mid", **style)
    for axes in (accuracy, counts):
        dress(axes, look)
        axes.yaxis.set_major_formatter(percent_tick)
    accuracy.set_ylabel("right")
    counts.set_ylabel("answers")
    counts.set_xlabel("confidence")
    counts.xaxis.set_major_formatter(percent_tick)
    figure.align_ylabels()
    legend(figure, accuracy, look, columns=3)
    return figure
