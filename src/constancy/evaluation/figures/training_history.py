"""How training went."""

import pandas as pd
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
from constancy.evaluation.history import best_epoch


@rc_context(STYLE)
def training_history(history: pd.DataFrame, look: Look) -> Figure:
    """Accuracy, loss and learning rate by epoch; a line marks the best validation score."""
    figure = new_figure(WIDTH, 5.6)
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
        dress(axes, look)
        axes.set_ylabel(name)
        axes.axvline(
            best, label=f"best epoch, {best}", color=look.ink, linestyle=(0, (4, 3)), linewidth=1.3
        )
    scores.yaxis.set_major_formatter(percent_tick)
    rates.set_xlabel("epoch")
    rates.xaxis.set_major_locator(MaxNLocator(integer=True))
    rates.yaxis.set_major_locator(MaxNLocator(2))
    figure.align_ylabels()
    legend(figure, scores, look, columns=2)
    return figure
