"""The drawing of contact sheets: images in a table, with names and numbers, on white."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MAGNIFIED = 128
"""Small images are magnified to up to this many pixels, by a whole number: pixels stay squares."""
LARGEST = 192
"""Larger images are shrunk to this many pixels."""

_INK, _MUTED, _PAPER = "#18212b", "#55606c", "#ffffff"
_GAP, _EDGE, _LEAST_WIDTH = 10, 14, 120
_LINE = 15  # pixels from one line of small text to the next


@dataclass(frozen=True, eq=False)
class Cell:
    """An image, uint8, H x W x C with one channel or three, and some words below it."""

    image: np.ndarray
    text: str = ""


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a sheet: its name, a second line to it, and a cell (or none) for each column."""

    name: str
    detail: str
    cells: Sequence[Cell | None]


def draw_sheet(columns: Sequence[str], rows: Sequence[Row]) -> Image.Image:
    """The sheet: a row below the other, under the names of the columns."""
    bold, plain, small = (
        _font("DejaVuSans-Bold", 13),
        _font("DejaVuSans", 13),
        _font("DejaVuSans", 11),
    )
    cells = [cell for row in rows for cell in row.cells if cell is not None]
    width, height = _shown_size(cells[0].image)
    column = max(width, _LEAST_WIDTH) + _GAP
    names = max(max(bold.getlength(_short(row.name)), small.getlength(row.detail)) for row in rows)
    left, top = _EDGE + round(names) + 2 * _GAP, _EDGE + 26
    heights = [height + _GAP + _LINE * max(_lines(row) + 0.4, 0.4) for row in rows]
    size = (left + column * len(columns) - _GAP + _EDGE, round(top + sum(heights)))
    grey = all(cell.image.shape[2] == 1 for cell in cells)
    sheet = Image.new("L" if grey else "RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, name in enumerate(columns):
        middle = left + number * column + (column - _GAP) / 2
        draw.text((middle, _EDGE), name, _INK, plain, anchor="ma")
    for row, down in zip(
        rows, np.cumsum([top, *heights]).round().astype(int).tolist(), strict=False
    ):
        draw.text((_EDGE, down + height / 2), _short(row.name), _INK, bold, anchor="ls")
        draw.text((_EDGE, down + height / 2 + 5), row.detail, _MUTED, small, anchor="la")
        for number, cell in enumerate(row.cells):
            if cell is None:
                continue
            start = left + number * column + (column - _GAP - width) // 2
            sheet.paste(_shown(cell.image), (start, down))
            for line, text in enumerate(cell.text.splitlines()):
                below = (start + width / 2, down + height + 4 + line * _LINE)
                draw.text(below, text, _MUTED, small, anchor="ma")
    return sheet


def _lines(row: Row) -> int:
    return max(len(cell.text.splitlines()) for cell in row.cells if cell is not None)


def _shown(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    size = _shown_size(image)
    magnified = size[0] >= picture.width
    how = Image.Resampling.NEAREST if magnified else Image.Resampling.BICUBIC
    return picture if size == picture.size else picture.resize(size, how)


def _shown_size(image: np.ndarray) -> tuple[int, int]:
    """Width and height of an image on the sheet."""
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = LARGEST / longest if longest > LARGEST else max(1, MAGNIFIED // longest)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _short(name: str, limit: int = 18) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that matplotlib brings along: it has Greek, Cyrillic and more, on every machine."""
    import matplotlib

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(file, size)
