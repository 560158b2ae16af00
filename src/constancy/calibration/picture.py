"""The picture of a calibration: accuracy by severity, a panel for each factor."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from constancy.calibration.curves import Curve
from constancy.settings.base import SEVERITIES

_STYLE: Any = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
_COLUMNS = 4
_CURVE, _EVEN, _CLEAN = "#0072b2", "#b34700", "#55606c"


@rc_context(_STYLE)
def draw(curves: dict[str, Curve], even: dict[str, list[float]]) -> Figure:
    """Each curve with its intervals, the clean accuracy, and where five equal steps would be.

    even: severities of each factor for which others are proposed.
    """
    rows = -(-len(curves) // _COLUMNS)
    figure = Figure(figsize=(3 * _COLUMNS, 2.7 * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).flat
    for name, curve in curves.items():
        _draw_curve(next(panels), name, curve, even.get(name))
    for panel in panels:
        panel.set_axis_off()
    share_legend(figure, columns=4)
    return figure


def share_legend(figure: Figure, columns: int) -> None:
    """One legend below all panels of a figure, with each label once."""
    handles: dict[str, Artist] = {}
    for axes in figure.axes:
        found, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, found, strict=True))
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=columns,
        frameon=False,
    )


def _draw_curve(axes: Axes, name: str, curve: Curve, even: list[float] | None) -> None:
    right = curve.accuracies
    low, high = zip(*(curve.interval(severity) for severity in (0, *SEVERITIES)), strict=True)
    axes.axhline(right[0], color=_CLEAN, linestyle="--", linewidth=1, label="clean")
    axes.fill_between(
        (0, *SEVERITIES), low, high, color=_CURVE, alpha=0.2, linewidth=0, label="95 % interval"
    )
    axes.plot((0, *SEVERITIES), right, color=_CURVE, marker="o", label="accuracy")
    if even is not None:
        axes.plot(
            even,
            [0.02] * len(even),
            color=_EVEN,
            marker="^",
            linestyle="",
            label="severities of equal steps",
        )
    axes.set_title(name, fontsize=11)
    axes.set_ylim(0, 1.03)
    axes.set_xticks((0, *SEVERITIES))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=True, color="#dfe4ea", linewidth=0.8)
    axes.set_axisbelow(True)


def write_picture(figure: Figure, path: Path) -> None:
    """Write the figure as PNG."""
    figure.savefig(path, format="png", dpi=110, facecolor="white", metadata={"Software": None})
