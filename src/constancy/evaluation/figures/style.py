"""How all figures look: matplotlib without pyplot, so that nothing global is drawn on."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from constancy.page import data_uri

WIDTH = 5.4  # inches: about 390 CSS pixels, so that text keeps its size on a phone

STYLE: Any = {
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

    page: str
    ink: str
    muted: str
    grid: str
    right: str
    wrong: str
    series: tuple[str, ...]


LIGHT = Look(
    page="#ffffff",
    ink="#18212b",
    muted="#55606c",
    grid="#dfe4ea",
    right="#0b5c8a",
    wrong="#c2410c",
    series=("#0072b2", "#b34700", "#00785a", "#8f2d77", "#7a6200", "#d0342c", "#4a4e57"),
)
DARK = Look(
    page="#182028",
    ink="#e8edf2",
    muted="#9daab7",
    grid="#2e3944",
    right="#5ab4e8",
    wrong="#ff9a5c",
    series=("#5ab4e8", "#ff9a4d", "#38d3a0", "#e79bd0", "#e8d44d", "#ff7d78", "#c3cad2"),
)


@rc_context(STYLE)
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


def new_figure(width: float, height: float) -> Figure:
    """Of so many inches, empty."""
    return Figure(figsize=(width, height), layout="constrained")


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """How far two colours, RGB in 0..1, stand out from each other: 1 to 21 (WCAG 2.2, contrast ratio)."""

    def luminance(color: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def dress(axes: Axes, look: Look) -> None:
    """Give the axes the look's colours."""
    axes.set_facecolor("none")
    axes.grid(visible=True, color=look.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.muted, labelcolor=look.ink, length=3)
    axes.xaxis.label.set_color(look.ink)
    axes.yaxis.label.set_color(look.ink)
    for spine in axes.spines.values():
        spine.set_color(look.muted)


def legend(figure: Figure, axes: Axes, look: Look, columns: int) -> None:
    """Below the figure, what the lines of the axes are."""
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=columns,
        labelcolor=look.ink,
        handlelength=2.6,
    )


def percent_tick(share: float, _: float) -> str:
    """The label of a tick, with no more decimals than it needs."""
    return f"{100 * share:.4g} %"


def both_looks(draw: Callable[..., Figure], *data: Any) -> dict[str, Any]:
    """A figure for light and for dark pages, as data URIs.

    A figure that was drawn wide to hold all that it shows has a least width, in CSS pixels, below
    which the page lets the reader scroll it rather than shrink it.
    """
    light, dark = draw(*data, LIGHT), draw(*data, DARK)
    wide = light.get_figwidth() > WIDTH
    return {
        "light": data_uri("image/svg+xml", svg(light).encode()),
        "dark": data_uri("image/svg+xml", svg(dark).encode()),
        "least_width": round(light.get_figwidth() * 72) if wide else 0,
    }
