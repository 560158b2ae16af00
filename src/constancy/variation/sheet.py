"""Contact sheets: what each factor makes of an image, severity by severity."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from constancy.data.images import UnreadableImageError, read_whole_image
from constancy.data.reading import read_file
from constancy.errors import UserError, nearest
from constancy.files import replacing
from constancy.paths import PREPARED, SHEETS
from constancy.settings import Settings
from constancy.settings.base import COMBINED, FACTORS, PIXEL_FACTORS, SEVERITIES
from constancy.settings.data import Image
from constancy.settings.variation import Variation
from constancy.variation.factors import ANY
from constancy.variation.factors import FACTORS as MAKERS
from constancy.variation.scene import UNKNOWN_CLASS, Donors, Scene
from constancy.variation.sheet_drawing import Cell, Row, draw_sheet
from constancy.variation.stock import Stock, digits_stock, prepared_stock, sorted_specimens
from constancy.variation.strength_text import strength_lines
from constancy.variation.variants import Maker
from constancy.variation.view import border_colors

ALL = "all"
MAX_SIDE = 1024
"""A user's image is shrunk to this many pixels: severities are shares of its side anyway."""
MIN_SIDE = 8
"""Below, in pixels, there is no room for what stands around an object."""
MAX_DONORS = 256
"""Images from which foreign pieces for a user's image are cut, at the most."""
MAX_CLASSES = 10
"""Rows of the sheet of intra-class, at the most."""

_COLUMNS = [f"severity {severity}" for severity in SEVERITIES]
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class Subject:
    """The image that a sheet varies: uint8, H x W x C; its id, its surroundings, what it is."""

    image: np.ndarray
    sample: str
    scene: Scene
    name: str


def write_sheet(
    settings: Settings, factor: str, file: Path | None = None, out: Path | None = None
) -> tuple[Path, str]:
    """Write the contact sheet of a factor, of "combined" or of "all"; tell where, and what it shows.

    file: an image to vary; None: the first one of the first class in the prepared test split, or of
    the digits where these are the source and nothing is prepared yet. It is varied as the test
    suite varies it (but `variation.limits` are not heeded: where they belong is to be seen here).
    out: None for a file in SHEETS.

    Raises UserError for an unknown factor, an image that cannot be read or is too small, or a file
    that must not be replaced, and where there are no images to show yet.
    """
    known = [ALL, *FACTORS, COMBINED]
    if factor not in known:
        raise UserError(f"there is no factor '{factor}': {nearest(factor, known)}")
    out = SHEETS / f"{factor}.png" if out is None else _writable(out, file)
    if factor not in (ALL, COMBINED, *PIXEL_FACTORS):
        columns, rows, shown = _intra_class(file)
    else:
        subject = _subject(settings.data.source, settings.data.image, file)
        columns, shown = ["untouched", *_COLUMNS], subject.name
        rows = _rows(factor, settings.variation, settings.seed, subject)
    with replacing(out) as (new,):
        draw_sheet(columns, rows).save(new, "PNG", optimize=True)
    return out, shown


def _writable(out: Path, file: Path | None) -> Path:
    """`out`, if a sheet may be written there."""
    if out.suffix.lower() != ".png":
        raise UserError(f"--out {out}: the sheet is a PNG image: give it a name that ends in .png")
    above = next(parent for parent in out.parents if parent.exists())
    if out.is_dir() or not above.is_dir():
        raise UserError(
            f"--out {out}: {out if out.is_dir() else above} is in the way: choose another name"
        )
    if out.exists() and (
        (file is not None and file.exists() and out.samefile(file))
        or not read_file(out)[0].startswith(_PNG)
    ):
        raise UserError(f"--out {out}: that file is no contact sheet: choose another name")
    return out


def _rows(factor: str, variation: Variation, seed: int, subject: Subject) -> list[Row]:
    """For all factors a row each, in its first direction; for one a row for each direction."""
    maker = Maker((seed, "suite", "test"), variation, subject.scene.donors, [])  # type: ignore[arg-type]
    border, grey = border_colors(subject.image[None])[0], subject.image.shape[2] == 1
    rows = []
    for kind in (*PIXEL_FACTORS, COMBINED) if factor == ALL else (factor,):
        directions = MAKERS[kind].directions if kind in MAKERS else (ANY,)
        for direction in directions[:1] if factor == ALL else directions:
            cells: list[Cell | None] = [Cell(subject.image)]
            for severity in SEVERITIES:
                view = maker.view(kind, severity, direction, subject.sample, subject.scene)
                text = _strength(variation, kind, direction, severity, grey=grey)
                cells.append(Cell(view.apply(subject.image, border), text))
            rows.append(Row(kind, "" if direction == ANY else direction, cells))
    return rows


def _strength(variation: Variation, kind: str, direction: str, severity: int, *, grey: bool) -> str:
    if kind == COMBINED:
        return ""
    strengths = getattr(variation.strengths, kind)
    return "\n".join(strength_lines(strengths, kind, direction, severity, grey=grey))


def _intra_class(file: Path | None) -> tuple[list[str], list[Row], str]:
    """The real image in the middle of each fifth of each class; it takes no new pixels."""
    if file is not None:
        raise UserError("intra-class makes nothing new of an image: show it without --image")
    known, split, classes = sorted_specimens()
    rows = []
    for label, name in enumerate(classes[:MAX_CLASSES]):
        own = known[split.labels == label].sort_values("distance", kind="stable")
        fifths = [own[own["severity"] == severity] for severity in SEVERITIES]
        middles = [fifth.iloc[len(fifth) // 2] if len(fifth) else None for fifth in fifths]
        cells = [
            None if at is None else Cell(split.images[at["row"]], f"distance {at['distance']:.2f}")
            for at in middles
        ]
        rows.append(Row(name, f"{len(own)} images", cells))
    return _COLUMNS, rows, f"images of {PREPARED / 'test'}, from usual to odd"


def _subject(source: str, image: Image, file: Path | None) -> Subject:
    if (PREPARED / "dataset.json").is_file():
        stock = prepared_stock()
    elif source == "digits" or file is not None:
        stock = digits_stock(image)
    else:
        raise UserError(
            f"{PREPARED} holds no images yet: `make run` makes them, or show one with --image FILE"
        )
    if file is not None:
        return _users(file, stock)
    row = int(stock.labels.argmin())
    pixels, label = np.asarray(stock.images[row]), int(stock.labels[row])
    scene = Scene(pixels.shape, label, Donors.of(stock.images, stock.labels))
    return Subject(pixels, stock.ids[row], scene, f"{stock.names[row]} of {stock.name}")


def _users(file: Path, stock: Stock) -> Subject:
    data, problem = read_file(file)
    if problem is not None:
        raise UserError(f"--image {file}: {problem}")
    try:
        pixels = read_whole_image(data, MAX_SIDE)
    except UnreadableImageError as error:
        raise UserError(f"--image {file}: cannot be read as an image: {error}") from None
    if min(pixels.shape[:2]) < MIN_SIDE:
        raise UserError(
            f"--image {file}: too small or too narrow: both sides need {MIN_SIDE} pixels, "
            f"the shorter one also when the longer one is shrunk to {MAX_SIDE}"
        )
    rows = np.linspace(0, len(stock.labels) - 1, min(MAX_DONORS, len(stock.labels))).astype(int)
    donors = Donors.of(_with_channels(stock.images[rows], pixels.shape[2]), stock.labels[rows])
    scene = Scene(pixels.shape, UNKNOWN_CLASS, donors)
    return Subject(pixels, file.name, scene, f"{file}, foreign pieces from {stock.name}")


def _with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images, uint8, N x H x W x C, in grey or in RGB."""
    if images.shape[3] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=3)
    luma = images @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow does
    return luma.round().astype(np.uint8)[..., None]
