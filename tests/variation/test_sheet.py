"""Contact sheets, as the command `show` writes them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from images import encoded, pixels
from pictures import split
from PIL import Image as Pillow

from constancy.data.packed import Dataset, PackedSplit
from constancy.data.sources.digits import open_digits
from constancy.errors import UserError
from constancy.paths import PREPARED, SHEETS, SUITES
from constancy.settings import Settings
from constancy.settings.base import COMBINED, PIXEL_FACTORS
from constancy.settings.data import Image
from constancy.variation.embedding import intra_class_severity
from constancy.variation.sheet import write_sheet
from constancy.variation.sheet_drawing import Cell, Row, draw_sheet

REPOSITORY = Path(__file__).resolve().parents[2]
CONSTANCY = str(Path(sys.executable).parent / "constancy")
ROWS = {"viewpoint": 4, "illumination": 2, "scale": 2, "deformation": 1, "clutter": 1}
SIDE = 128  # of an image of 32 x 32 pixels on the sheet


@pytest.fixture
def settings(params: dict, in_tmp: Path) -> Settings:
    """The committed ones, in an empty folder."""
    (in_tmp / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    return Settings.model_validate(params)


def show(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CONSTANCY, "show", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def cells(path: Path, rows: int, columns: int = 6) -> np.ndarray:
    """The images of a sheet: rows x columns x 128 x 128 (x 3)."""
    sheet = np.asarray(Pillow.open(path))
    ink = sheet if sheet.ndim == 2 else sheet.min(axis=2)
    right = sheet.shape[1] - 14 - (SIDE + 10) * columns + 10
    # A row of images is where a line begins that is neither paper nor text, and goes on.
    dark = (ink[:, right : right + SIDE] < 250).mean(axis=1) > 0.3
    starts, at = [], 0
    while at < len(dark):
        if dark[at : at + SIDE].all() and at + SIDE <= len(dark):
            starts.append(at)
            at += SIDE
        at += 1
    assert len(starts) == rows
    lefts = [right + number * (SIDE + 10) for number in range(columns)]
    return np.array(
        [[sheet[top : top + SIDE, left : left + SIDE] for left in lefts] for top in starts]
    )


def prepare(name: str, images: PackedSplit, classes: list[str]) -> None:
    """Write a packed split of a project."""
    folder = PREPARED / name
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", images.images)
    np.save(folder / "labels.npy", images.labels)
    images.index.to_parquet(folder / "index.parquet", index=False)
    color = "grey" if images.images.shape[3] == 1 else "rgb"
    image = Image(size=images.images.shape[1], color=color, fit="pad")
    Dataset(classes, image, [0.0], [1.0]).save(PREPARED)


def save(array: np.ndarray, path: str, **options: object) -> Path:
    Pillow.fromarray(array.squeeze()).save(path, **options)
    return Path(path)


def test_the_command_shows_every_factor_of_a_digit(settings: Settings, in_tmp: Path) -> None:
    done = show("all", cwd=in_tmp)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("reports/factors/all.png shows 0/")
    assert done.stdout.endswith(".png of the embedded digits\n")
    assert {path.name for path in in_tmp.iterdir()} == {"params.yaml", "reports"}
    drawn = cells(in_tmp / "reports/factors/all.png", len(PIXEL_FACTORS) + 1)
    assert (drawn[:, 0] == drawn[0, 0]).all(), "every row begins with the image itself"
    with open_digits() as source:
        name = done.stdout.split()[2]
        assert any(each.path == name for each in source.samples)


@pytest.mark.parametrize("factor", ROWS)
def test_a_factor_has_a_row_for_each_direction(settings: Settings, factor: str) -> None:
    picture = save(split(1, (32, 32, 1)).images[0], "own.png")
    path, _ = write_sheet(settings, factor, picture)
    assert path == SHEETS / f"{factor}.png"
    drawn = cells(path, ROWS[factor]).astype(int)
    change = np.abs(drawn - drawn[:, :1]).mean(axis=(2, 3))
    assert (change[:, 0] == 0).all()
    assert (change[:, 1:] > 0).all(), "each severity changes the image"
    assert (change[:, 5] > change[:, 1]).all(), "the last more than the first"


def test_several_factors_at_once_are_shown(settings: Settings) -> None:
    picture = save(split(1, (32, 32, 3)).images[0], "own.png")
    path, _ = write_sheet(settings, COMBINED, picture, Path("new/folder/sheet.png"))
    assert cells(path, 1).shape == (1, 6, SIDE, SIDE, 3)


def test_small_images_are_magnified_pixel_by_pixel(settings: Settings) -> None:
    picture = save(split(1, (32, 32, 1)).images[0], "own.png")
    path, _ = write_sheet(settings, "scale", picture)
    shown = cells(path, 2)[0, 0]
    own = np.asarray(Pillow.open(picture))
    assert (shown == own.repeat(4, axis=0).repeat(4, axis=1)).all()


def test_the_sheet_of_the_same_image_is_the_same_bytes(settings: Settings) -> None:
    picture = save(split(1, (32, 32, 3)).images[0], "own.png")
    one, _ = write_sheet(settings, "all", picture, Path("one.png"))
    other, _ = write_sheet(settings, "all", picture, Path("other.png"))
    assert one.read_bytes() == other.read_bytes()


def test_a_prepared_image_is_the_first_of_its_first_class(settings: Settings) -> None:
    images = split(12, (32, 32, 1))
    prepare("test", images, ["a", "b", "c"])
    path, shown = write_sheet(settings, "all")
    row = int(np.flatnonzero(images.labels == 0)[0])
    assert shown == f"{images.index['path'][row]} of data/prepared/test"
    own = images.images[row, :, :, 0].repeat(4, axis=0).repeat(4, axis=1)
    assert (cells(path, 7)[:, 0] == own).all()


def test_other_sources_have_to_be_prepared_first(params: dict, in_tmp: Path) -> None:
    (in_tmp / "photos").mkdir()
    params["data"]["source"] = "folder:photos"
    settings = Settings.model_validate(params)
    with pytest.raises(
        UserError, match=r"holds no images yet: `make run` makes them, or .*--image"
    ):
        write_sheet(settings, "all")
    picture = save(pixels(1, (40, 30, 3)), "own.png")
    _, shown = write_sheet(settings, "clutter", picture)
    assert shown == "own.png, foreign pieces from the embedded digits"


@pytest.mark.parametrize("shape", [(8, 8), (8, 400), (700, 9), (300, 200, 3), (1500, 1100, 3)])
@pytest.mark.parametrize("prepared", [None, 1, 3])
def test_an_image_keeps_its_own_shape_and_colours(
    settings: Settings, shape: tuple[int, ...], prepared: int | None
) -> None:
    if prepared:
        prepare("test", split(12, (16, 16, prepared)), ["a", "b", "c"])
    path, _ = write_sheet(settings, "all", save(pixels(1, shape), "own.png"))
    sheet = Pillow.open(path)
    assert sheet.mode == ("RGB" if len(shape) == 3 else "L")
    scale = 192 / max(shape) if max(shape) > 192 else 16
    wide = max(round(shape[1] * scale), 120) + 10
    assert 100 < sheet.width - 6 * wide < 200, "names beside six columns"
    assert 7 * round(shape[0] * scale) < sheet.height < 7 * round(shape[0] * scale + 50) + 50


def test_the_orientation_that_the_camera_noted_is_followed(settings: Settings) -> None:
    upright = split(1, (32, 32, 3)).images[0]
    exif = Pillow.Exif()
    exif[0x0112] = 6
    save(np.rot90(upright), "held.png", exif=exif)
    save(upright, "upright.png")
    # Under the same name: draws hang on it.
    drawn = []
    for name in ("held.png", "upright.png"):
        Path(name).replace("own.png")
        drawn.append(write_sheet(settings, "scale", Path("own.png"))[0].read_bytes())
    assert drawn[0] == drawn[1]


def test_intra_class_shows_real_images_from_usual_to_odd(settings: Settings) -> None:
    images = split(30, (32, 32, 1))
    prepare("test", images, ["a", "b", "c"])
    with pytest.raises(UserError, match=r"makes no new pixels, .* run `make run` first"):
        write_sheet(settings, "intra-class")
    distances = np.arange(30, dtype=float)
    severities = intra_class_severity(distances, images.labels)
    table = pd.DataFrame({"row": range(30), "id": images.index["id"], "severity": severities})
    (SUITES / "test").mkdir(parents=True)
    table["distance"] = distances
    table.to_parquet(SUITES / "test/intra-class.parquet", index=False)
    path, shown = write_sheet(settings, "intra-class")
    assert shown == "images of data/prepared/test, from usual to odd"
    drawn = cells(path, 3, columns=5)
    large = images.images[:, :, :, 0].repeat(4, axis=1).repeat(4, axis=2)
    for label, row in enumerate(drawn):
        own = np.flatnonzero(images.labels == label)
        assert [int(np.flatnonzero((large == cell).all(axis=(1, 2)))[0]) for cell in row] == [
            own[place] for place in (1, 3, 5, 7, 9)
        ]
    table["id"] = "another"
    table.to_parquet(SUITES / "test/intra-class.parquet", index=False)
    with pytest.raises(UserError, match=r"is of other images than data/prepared/test"):
        write_sheet(settings, "intra-class")


def test_a_cell_may_be_empty_and_a_name_in_any_letters() -> None:
    cell = Cell(pixels(1, (32, 32, 1)))
    sheet = draw_sheet(["1", "2"], [Row("Ёж\n" * 20, "Ω", [cell, None])])
    assert sheet.size[1] < 220


def truncated() -> bytes:
    return encoded(1, "JPEG", (64, 64, 3))[:300]


def bomb() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("1", (30_000, 30_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no image at all\n", "cannot be read as an image: not an image of a known format"),
        (b"", "cannot be read as an image: not an image of a known format"),
        (truncated(), "cannot be read as an image: "),
        (bomb(), "cannot be read as an image: more than 64,000,000 pixels"),
        (encoded(1, shape=(7, 40, 3)), "too small or too narrow"),
        (encoded(1, shape=(20, 4000, 3)), "too small or too narrow"),
    ],
    ids=["text", "empty", "truncated", "bomb", "small", "narrow"],
)
def test_what_cannot_be_shown_is_refused(settings: Settings, data: bytes, why: str) -> None:
    Path("own.png").write_bytes(data)
    with pytest.raises(UserError, match=f"^--image own.png: {why}"):
        write_sheet(settings, "all", Path("own.png"))
    assert not SHEETS.exists()


def test_pipes_and_folders_are_no_images(settings: Settings) -> None:
    os.mkfifo("pipe.png")
    for path in (Path("pipe.png"), Path()):
        with pytest.raises(UserError, match="no regular file"):
            write_sheet(settings, "all", path)


def test_only_a_sheet_is_replaced(settings: Settings) -> None:
    picture = save(pixels(1, (32, 32, 3)), "own.png")
    before = picture.read_bytes()
    Path("notes.png").write_text("mine")
    Path("folder.png").mkdir()
    for out, why in [
        ("own.png", "that file is no contact sheet"),
        ("notes.png", "that file is no contact sheet"),
        ("folder.png", "folder.png is in the way"),
        ("notes.png/sheet.png", "notes.png is in the way"),
        ("sheet.jpg", "give it a name that ends in .png"),
        ("params.yaml", "give it a name that ends in .png"),
    ]:
        with pytest.raises(UserError, match=f"^--out {out}: .*{why}"):
            write_sheet(settings, "all", picture, Path(out))
    assert picture.read_bytes() == before
    for _ in range(2):
        write_sheet(settings, "scale", picture, Path("sheet.png"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["viewpont"], "there is no factor 'viewpont': did you mean 'viewpoint'?"),
        (["all", "--image", "none.png"], "--image none.png: no such file or directory"),
        (["all", "--image", "params.yaml"], "--image params.yaml: cannot be read as an image: "),
        (["intra-class", "--image", "a.png"], "intra-class makes nothing new of an image: "),
        (["all", "--out", "a.txt"], "--out a.txt: the sheet is a PNG image: "),
    ],
)
def test_mistakes_end_in_one_sentence(
    settings: Settings, in_tmp: Path, arguments: list[str], sentence: str
) -> None:
    done = show(*arguments, cwd=in_tmp)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"constancy: {sentence}")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in in_tmp.iterdir()} == {"params.yaml"}
