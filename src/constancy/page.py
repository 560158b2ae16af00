"""What the reports share: pages that hold all that they need, their style, numbers and pictures."""

import base64
import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jinja2 import Environment

VERDICT = "<!-- verdict -->"  # where a page leaves room for one
ORIGIN = "<!-- origin -->"  # and for where its model comes from
NARROW = "\u202f"  # a space that does not break
SHARPEST = 32  # pixels; images up to this side are shown as they are, without loss
LARGEST = 96  # pixels; greater ones are shrunk to this side

_HEAT = (255, 96, 0)


def render(
    template: Path, filters: Mapping[str, Callable[..., Any]] | None = None, **values: Any
) -> str:
    """Fill in a template, which finds the style sheet in `style` and what pages share in page.html.j2.

    filters: for this template, besides percent, points, count, clip and span.
    """
    from markupsafe import Markup

    style = Markup(colors() + _own_text("page.css"))  # noqa: S704 - our own files
    page = templates(template.parent)
    page.filters |= filters or {}
    return page.get_template(template.name).render(style=style, **values)


def templates(folder: Path) -> "Environment":
    """The templates in a folder, with the filters that all pages have."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Autoescape whatever the name ends in: class names come from folders that anyone may have named.
    environment = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "points": points,
        "count": count,
        "clip": clip,
        "span": span,
    }
    return environment


def colors() -> str:
    """The style sheet that gives the colours of all pages their names."""
    return _own_text("colors.css")


def _own_text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def percent(share: float) -> str:
    """A share with one decimal, such as 99.3 %; 100 only when nothing at all is wrong."""
    return f"{points(share)}{NARROW}%"


def points(share: float) -> str:
    """The number of `percent`, without its sign; 0.0 only when it is nothing at all."""
    if math.isclose(share, 1, abs_tol=1e-9):  # a quotient of means may miss 1 by a rounding error
        return "100"
    if 0 < share < 0.0005:
        return "<0.1"
    return f"{min(100 * share, 99.9) if share < 1 else 100 * share:.1f}"


def span(interval: tuple[float, float]) -> str:
    """An interval of shares, in percent without the sign, such as 97.1\u2013100."""
    return "\u2013".join(map(points, interval))


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def clip(text: str, length: int) -> str:
    """The text, its middle left out where it has more characters than `length`."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]} \u2026 {text[-(length // 2) :]}"


def thumbnail(pixels: np.ndarray) -> str:
    """An image as a data URI: PNG without loss, or WebP when it is large.

    pixels: uint8, H x W x 1 or 3.
    """
    from PIL import Image as Pillow

    picture = Pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    buffer = io.BytesIO()
    if max(picture.size) <= SHARPEST:
        picture.save(buffer, kind := "PNG", optimize=True)
    else:
        picture.thumbnail((LARGEST, LARGEST), Pillow.Resampling.LANCZOS)
        picture.save(buffer, kind := "WEBP", quality=80)
    return data_uri(f"image/{kind.lower()}", buffer.getvalue())


def overlay(pixels: np.ndarray, weights: np.ndarray) -> str:
    """The image of `heat` as a data URI."""
    return thumbnail(heat(pixels, weights))


def heat(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """An image in grey, with colour where it has weight: what spoke for an answer.

    pixels: uint8, H x W x 1 or 3; weights: float, H x W, 0..1. Gives uint8, H x W x 3.
    """
    grey = pixels.mean(axis=2, keepdims=True) * 0.8 + 25  # so that colour shows on black and white
    share = 0.65 * weights[:, :, None]
    mixed = (1 - share) * grey + share * np.array(_HEAT)
    return mixed.round().astype(np.uint8)


def data_uri(kind: str, data: bytes) -> str:
    """Bytes of a media type such as image/png as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
