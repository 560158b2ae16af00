"""All answers of a model in one file: all that the scores need, and nothing that could run."""

import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from constancy.errors import UserError
from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.write import predictions_of
from constancy.settings.base import PIXEL_FACTORS
from constancy.variation.controls import CONTROLS


@pytest.fixture
def saved(evaluation: Evaluation, tmp_path: Path) -> Path:
    path = tmp_path / "predictions.npz"
    predictions_of(evaluation).save(path)
    return path


def test_what_was_saved_is_there_again(saved: Path, evaluation: Evaluation) -> None:
    found, expected = Predictions.load(saved), predictions_of(evaluation)
    for field in fields(Predictions):
        one, other = (getattr(each, field.name) for each in (found, expected))
        if isinstance(one, dict):
            assert list(one) == list(other)
            assert all(np.array_equal(one[name], other[name]) for name in one)
        else:
            assert np.array_equal(one, other)


def test_the_file_is_the_same_whichever_python_writes_it(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        members = file.infolist()
    assert {each.date_time for each in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {(each.create_version, each.extract_version) for each in members} == {(20, 20)}


def test_it_holds_all_that_the_scores_need(saved: Path, evaluation: Evaluation) -> None:
    found, metrics = Predictions.load(saved), evaluation.metrics
    assert set(found.controls) == set(CONTROLS)
    for factor in PIXEL_FACTORS:
        right = found.varied[factor].argmax(-1) == found.labels[found.rows]
        expected = metrics.factors[factor].severities
        assert right.mean(axis=(1, 2)).tolist() == pytest.approx(expected)
    right = found.controls["clutter"].argmax(-1) == found.labels[found.rows]
    assert right.mean(axis=1).tolist() == pytest.approx(metrics.factors["clutter"].control)
    hardest = (found.clean.argmax(-1) == found.labels)[found.severity == 5].mean()
    assert hardest == pytest.approx(metrics.factors["intra-class"].severities[4])


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "predictions.npz").write_bytes(content)
    with pytest.raises(UserError, match="holds no predictions: `make run` writes them"):
        Predictions.load(tmp_path / "predictions.npz")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing: `make run` writes it"):
        Predictions.load(tmp_path / "predictions.npz")


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    with (tmp_path / "predictions.npz").open("wb") as file:
        np.savez(file, ids=np.array([print], dtype=object))
    with pytest.raises(UserError, match="holds no predictions"):
        Predictions.load(tmp_path / "predictions.npz")


def test_one_of_an_older_constancy_is_told(tmp_path: Path) -> None:
    with (tmp_path / "predictions.npz").open("wb") as file:
        np.savez(file, ids=np.array(["a"]))
    with pytest.raises(UserError, match="has no suite: another version of Constancy wrote it"):
        Predictions.load(tmp_path / "predictions.npz")


@pytest.mark.parametrize("name", ["ids", "labels", "rows", "severity", "rivals", "clean"])
def test_arrays_that_do_not_fit_each_other_are_refused(
    evaluation: Evaluation, tmp_path: Path, name: str
) -> None:
    whole = predictions_of(evaluation)
    replace(whole, **{name: getattr(whole, name)[:-1]}).save(tmp_path / "predictions.npz")
    with pytest.raises(UserError, match="does not fit itself"):
        Predictions.load(tmp_path / "predictions.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(
    saved: Path, evaluation: Evaluation, value: float
) -> None:
    found = predictions_of(evaluation)
    occlusion = found.varied["occlusion"].copy()
    occlusion[2, 0, 1, 0] = value
    replace(found, varied=found.varied | {"occlusion": occlusion}).save(saved)
    with pytest.raises(UserError, match=r"predictions\.npz holds NaN or infinity"):
        Predictions.load(saved)


def test_a_damaged_file_is_told(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    saved.write_bytes(data)
    with pytest.raises(UserError, match="holds no predictions"):
        Predictions.load(saved)
