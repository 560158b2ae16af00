"""`constancy predict`: lines, tables and pictures, and what becomes of images that cannot be read."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image as Pillow
from tracked_project import CARD, png, write_model

from constancy.cli import main
from constancy.models.disk import ModelCard
from constancy.serving.predictor import Predictor

READERS = {
    "csv": pd.read_csv,
    "parquet": pd.read_parquet,
    "jsonl": lambda file: pd.read_json(file, lines=True),
}


@pytest.fixture
def photos(in_tmp: Path, ten_digits: list[np.ndarray]) -> Path:
    """The ten digits, 0.png to 9.png, and a file that is no image between them."""
    (in_tmp / "photos").mkdir()
    for number, pixels in enumerate(ten_digits):
        (in_tmp / "photos" / f"{number}.png").write_bytes(png(pixels))
    (in_tmp / "photos" / "4bad.png").write_text("no image")
    return in_tmp / "photos"


def predict(*arguments: object) -> Result:
    outcome = CliRunner().invoke(main, ["predict", *map(str, arguments)])
    assert "Traceback" not in outcome.output
    return outcome


def convolutions(folder: Path) -> Path:
    structure = {"filters": [4], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0}
    card = ModelCard(**vars(CARD) | {"name": "cnn", "structure": structure})
    return write_model(folder, card=card)


def test_each_image_gets_a_line(photos: Path, trained: Path) -> None:
    outcome = predict("photos", "nowhere.png", "--model", trained)
    rows = [line.split("\t") for line in outcome.stdout.splitlines()]
    assert [row[:2] for row in rows] == [[f"photos/{n}.png", str(n)] for n in range(10)]
    assert all(len(row) == 3 and 0 < float(row[2]) <= 1 for row in rows)
    assert outcome.stderr.splitlines() == [
        "constancy: photos/4bad.png: cannot be read as an image: not an image of a known format",
        "constancy: nowhere.png: no such file or directory",
    ]
    assert outcome.exit_code == 2
    assert predict("photos/0.png", "--model", trained).exit_code == 0


def test_the_next_labels_follow(photos: Path, trained: Path, ten_digits: list[np.ndarray]) -> None:
    _, label, probability, *others = (
        predict("photos/5.png", "--top", 3, "--model", trained).stdout.strip().split("\t")
    )
    probabilities = Predictor(trained).predict([ten_digits[5]])[0].probabilities
    ranked = sorted(probabilities, key=lambda each: -probabilities[each])[:3]
    assert [label, *others[::2]] == ranked
    expected = [f"{probabilities[each]:.4f}" for each in ranked]
    assert [probability, *others[1::2]] == expected
    everything = predict("photos/5.png", "--top", 99, "--model", trained).stdout
    assert everything.count("\t") == 2 * len(probabilities)


@pytest.mark.parametrize("ending", READERS)
def test_a_table_has_a_row_for_each_image(photos: Path, trained: Path, ending: str) -> None:
    outcome = predict("photos", "--top", 2, "--out", f"new/out.{ending}", "--model", trained)
    assert outcome.exit_code == 2
    assert outcome.stdout == f"new/out.{ending}: 11 images, of which 1 could not be read\n"
    assert outcome.stderr == ""
    table = READERS[ending](f"new/out.{ending}")
    assert list(table.columns) == [
        *("path", "label", "probability", "label_2", "probability_2", "error")
    ]
    bad = table[table["error"].notna()]
    assert bad["path"].tolist() == ["photos/4bad.png"]
    assert bad["error"].item() == "cannot be read as an image: not an image of a known format"
    assert bad.iloc[:, 1:5].isna().all(axis=None)
    good = table[table["error"].isna()]
    assert good["label"].astype(float).tolist() == list(range(10))
    assert (good["probability"] >= good["probability_2"]).all()
    assert [file.name for file in Path("new").iterdir()] == [f"out.{ending}"]


def test_json_lines_have_null_where_there_is_nothing(photos: Path, trained: Path) -> None:
    predict("photos/4bad.png", "photos/7.png", "--out", "out.jsonl", "--model", trained)
    bad, good = map(json.loads, Path("out.jsonl").read_text().splitlines())
    assert (bad["label"], bad["probability"]) == (None, None)
    assert (good["label"], good["error"]) == ("7", None)


def test_what_cannot_be_done_is_told_before_any_work(photos: Path, trained: Path) -> None:
    for arguments, reason in (
        (["--out", "out.txt"], r"out.txt: a table must end in .csv, .parquet, .jsonl"),
        (["--model", "photos"], "photos holds no model"),
        (["--explain", "photos"], "photos is there already: name a new folder for --explain"),
        (["--explain", "new"], "--explain: the layers of this network keep no picture"),
    ):
        options = arguments if "--model" in arguments else ["--model", trained, *arguments]
        outcome = predict("photos", *options)
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert outcome.stderr.startswith(f"constancy: {reason}")
    assert {path.name for path in Path().iterdir()} == {"photos"}


def test_a_picture_shows_what_spoke_for_each_label(photos: Path, tmp_path: Path) -> None:
    odd = [Path(name) for name in ("a b.png", "..\\..\\x.png", ".png", "é" * 60 + ".png")]
    for path in odd:
        path.write_bytes((photos / "3.png").read_bytes())
    model = convolutions(tmp_path / "model")
    places = ["photos", *odd, "photos/3.png"]
    outcome = predict(*places, "--explain", "seen/why", "--model", model, "--out", "out.csv")
    assert outcome.exit_code == 2
    names = sorted(path.name for path in Path("seen/why").iterdir())
    assert [int(name[:6]) for name in names] == [1, 2, 3, 4, 5, *range(7, 17)]
    assert names[0] == "000001-0.png"
    assert "000012-a_b.png" in names
    table = pd.read_csv("out.csv")
    assert table["error"].notna().tolist() == [number == 6 for number in range(1, 17)]
    for name in names:
        picture = np.asarray(Pillow.open(Path("seen/why") / name))
        assert picture.shape == (224, 224, 3)
    assert [path.name for path in Path("seen").iterdir()] == ["why"]
