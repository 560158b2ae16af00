"""`constancy watch` from the files to the exit code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from PIL import Image as Pillow
from watched_project import Watched, write_images

from constancy.cli import main
from constancy.paths import PREPARED


def watch(*arguments: object, model: str = "models/candidate") -> Result:
    return CliRunner().invoke(main, ["watch", *map(str, arguments), "--model", model])


def test_images_like_those_of_training_are_no_alarm(project: Watched, tmp_path: Path) -> None:
    place = write_images(tmp_path / "held-out", project.test.images)
    done = watch(place)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("270 images\n")
    assert done.stdout.endswith("\nNo alarm.\n")


def test_darker_images_are_an_alarm_and_the_suites_say_what_of_it(
    project: Watched, tmp_path: Path
) -> None:
    place = write_images(tmp_path / "dark", project.suite.images["illumination"][3, 0])
    report, picture = tmp_path / "watch.json", tmp_path / "watch.png"
    done = watch(f"{place}/*.png", "--json", report, "--picture", picture)
    assert done.exit_code == 5, done.output
    found = json.loads(report.read_text())
    brightness = found["measures"][0]
    assert (found["verdict"], brightness["measure"]) == ("alarm", "brightness")
    suite = brightness["suite"]
    assert (suite["factor"], suite["direction"], suite["severity"]) == ("illumination", "darker", 4)
    predicted = project.measured(project.suite.images["illumination"][3, 0])["labels"]
    right = float((predicted == project.suite.index["label"]).mean())
    assert suite["accuracy"] == pytest.approx(right)
    assert (
        f"training images; accuracy at that illumination (severity 4, darker) was {right:.2f}"
        in done.stdout
    )
    assert Pillow.open(picture).format == "PNG"


def test_beyond_the_suites_is_said(project: Watched, tmp_path: Path) -> None:
    place = write_images(tmp_path / "night", project.test.images // 20)
    done = watch(place)
    assert done.exit_code == 5
    assert "; that is beyond anything in the suites of illumination; accuracy at" in done.stdout


def test_broken_and_repeated_images_are_told_and_stop_nothing(
    project: Watched, tmp_path: Path
) -> None:
    place = write_images(tmp_path / "mixed", project.test.images[:40])
    (place / "broken.png").write_bytes(b"no image")
    (place / "again.png").write_bytes((place / "0000.png").read_bytes())
    done = watch(place)
    assert done.exit_code == 0
    assert f"constancy: {place / 'broken.png'}: cannot be read as an image" in done.stderr
    assert done.stdout.startswith(
        "40 images; 1 more are repeated and count once; 1 cannot be read\n"
    )


def test_few_images_get_no_verdict(project: Watched, tmp_path: Path) -> None:
    report = tmp_path / "few.json"
    done = watch(write_images(tmp_path / "few", project.test.images[:12]), "--json", report)
    assert done.exit_code == 0
    assert done.stdout == "12 images\nNo verdict: fewer than 30 images are too few for one.\n"
    found = json.loads(report.read_text())
    assert (found["verdict"], found["measures"], found["labels"]) == ("too few images", [], [])


def test_of_a_table_the_answers_are_watched(project: Watched, tmp_path: Path) -> None:
    labels = np.array(project.predictor.classes)[project.test.labels]
    answers = {"path": labels, "label": labels, "probability": 0.3, "error": None}
    file = tmp_path / "predictions.parquet"
    pd.DataFrame(answers).to_parquet(file)
    done = watch(file)
    assert done.exit_code == 5
    assert "the model is less sure than on" in done.stdout
    assert "brightness" not in done.stdout
    pd.DataFrame(answers | {"label": "cat"}).to_parquet(file)
    assert "the model does not know the label 'cat'" in watch(file).stderr


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda folder: None, "place: no such file or directory"),
        (lambda folder: folder.mkdir(), "there are no images in"),
        (lambda folder: folder.write_bytes(b"x"), "none of the 1 files can be read as an image"),
    ],
)
def test_mistakes_are_one_sentence(
    project: Watched, tmp_path: Path, write: object, message: str
) -> None:
    write(tmp_path / "place")  # type: ignore[operator]
    done = watch(tmp_path / "place")
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_table_is_refused(project: Watched, tmp_path: Path) -> None:
    file = tmp_path / "odd.parquet"
    file.write_bytes(b"no table")
    assert "is no table of answers with the columns path, label" in watch(file).stderr
    assert "give it alone" in watch(file, tmp_path).stderr


def test_a_model_of_other_images_is_refused(project: Watched, tmp_path: Path) -> None:
    from tracked_project import write_model

    place = write_images(tmp_path / "some", project.test.images[:3])
    done = watch(place, model=str(write_model(tmp_path / "other")))
    assert done.exit_code == 2
    assert "the model sees other images or classes" in done.stderr


def test_suites_of_other_test_images_are_not_asked(
    project: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_images(tmp_path / "dark", project.suite.images["illumination"][3, 0])
    shutil.copytree(project.folder, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    index = PREPARED / "test" / "index.parquet"
    pd.read_parquet(index)[::-1].to_parquet(index)  # as data prepared anew, after the suites
    done = watch(place)
    assert done.exit_code == 5, done.output
    assert "What the suites say of that is not known" in done.stdout
    assert "accuracy" not in done.stdout
    (PREPARED / "validation" / "labels.npy").write_bytes(b"damaged")
    done = watch(place)
    assert done.exit_code == 2, done.output
    assert "`make run` prepares it again" in done.stderr


@pytest.mark.parametrize("probability", ["sure", float("nan"), 1.5])
def test_a_table_of_no_probabilities_is_refused(
    project: Watched, tmp_path: Path, probability: object
) -> None:
    file = tmp_path / "odd.parquet"
    answers = {"path": "a.png", "label": "3", "probability": probability, "error": None}
    pd.DataFrame([answers] * 40).to_parquet(file)
    done = watch(file)
    assert done.exit_code == 2, done.output
    assert f"{file}: probabilities must be numbers from 0 to 1" in done.stderr
