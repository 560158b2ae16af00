"""The picture of a watch: the distribution of each measure, production against reference."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from constancy.calibration.picture import share_legend
from constancy.watch.drift import Finding
from constancy.watch.measures import LABELS
from constancy.watch.outcome import Outcome

_STYLE: Any = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
_COLUMNS = 4
_BINS = 40
_CLASSES = 10  # are shown, those that changed most
_ENDS = (0.5, 99.5)  # percentiles between which the bins lie: one odd image must not squeeze all
_USUAL, _NOW = "#c3cad2", "#b34700"


@rc_context(_STYLE)
def draw(outcome: Outcome) -> Figure:
    """A panel for each measure; those with an alarm have a heavy frame and say so in their title."""
    rows = max(1, -(-len(outcome.findings) // _COLUMNS))
    figure = Figure(figsize=(3 * _COLUMNS, 2.2 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).flat
    for found in outcome.findings:
        axes = next(panels)
        if found.measure.name == LABELS:
            _draw_labels(axes, outcome)
        else:
            _draw_measure(axes, found.measure.name, outcome)
        _name(axes, found)
    for axes in panels:
        axes.set_axis_off()
    share_legend(figure, columns=2)
    return figure


def _draw_measure(axes: Axes, name: str, outcome: Outcome) -> None:
    usual, now = outcome.reference[name], outcome.production.values[name]
    ends = np.percentile(usual, _ENDS), np.percentile(now, _ENDS)
    low, high = min(each[0] for each in ends), max(each[1] for each in ends)
    bins = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    shares = [
        np.histogram(values.clip(low, high), bins)[0] / len(values) for values in (usual, now)
    ]
    axes.stairs(shares[0], bins, fill=True, color=_USUAL, label="training or held-out images")
    axes.stairs(shares[1], bins, color=_NOW, linewidth=1.6, label="production")


def _draw_labels(axes: Axes, outcome: Outcome) -> None:
    labels, usual, now = zip(*outcome.label_shares()[:_CLASSES], strict=True)
    places = np.arange(len(labels))
    axes.bar(places, usual, width=0.8, color=_USUAL)
    axes.bar(places, now, width=0.8, fill=False, edgecolor=_NOW, linewidth=1.6)
    axes.set_xticks(places, [label[:8] for label in labels], rotation=45, fontsize=8)


def _name(axes: Axes, found: Finding) -> None:
    title = found.measure.name
    axes.set_yticks([])
    if found.alarm:
        axes.set_title(f"ALARM: {title}", fontsize=11, fontweight="bold")
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=2.2)
    else:
        axes.set_title(title, fontsize=11)
