"""Presets make a training short, or tell where its time goes."""

from pathlib import Path

import pytest
from training_project import Prepared

from constancy.training.debug import debugged, shorten
from constancy.training.fit import Fitted


def train(prepared: Prepared, workspace: Path, debug: str, **changes: object) -> tuple[Fitted, int]:
    """The training under a preset, and how many images it had."""
    settings = debugged(prepared.settings(debug=debug, **changes))
    data = prepared.data(settings)
    shorten(data, settings.train)
    return prepared.fit(settings, workspace, data), len(data.train)


def test_one_batch_in_one_epoch(prepared: Prepared, tmp_path: Path) -> None:
    fitted, images = train(prepared, tmp_path, "batch", batch_size=32)
    assert (fitted.epochs, images) == (1, 32)


def test_one_batch_is_learned_by_heart(prepared: Prepared, tmp_path: Path) -> None:
    fitted, images = train(prepared, tmp_path, "overfit", batch_size=32, epochs=60)
    rows = [line.split(",") for line in fitted.history.read_text().splitlines()[1:]]
    assert images == 32
    assert max(float(row[2]) for row in rows) == 1.0  # train_accuracy, whatever dropout hides


def test_a_tenth_of_the_images(prepared: Prepared, tmp_path: Path) -> None:
    whole = len(prepared.data(prepared.settings()).train)
    fitted, images = train(prepared, tmp_path, "tenth", batch_size=16)
    assert images == whole // 10
    assert fitted.epochs == 3


def test_a_profile_of_one_epoch(prepared: Prepared, tmp_path: Path) -> None:
    for name in ("one", "another"):
        fitted, _ = train(prepared, tmp_path / name, "profile")
    profile = (tmp_path / "fit-profile.txt").read_text()
    assert fitted.epochs == 1
    for part in ("training_step", "backward", "optimizer_step", "zero_grad"):
        assert part in profile
    assert profile.count("run_training_epoch") == 1


@pytest.mark.parametrize("debug", [None, "tenth"])
def test_other_presets_change_no_setting(prepared: Prepared, debug: str | None) -> None:
    settings = prepared.settings(debug=debug)
    assert debugged(settings) == settings
