"""Several steps in a turn of Lightning's loop are the steps that it would have taken itself."""

import csv
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from pytorch_lightning.loggers import CSVLogger
from tqdm import tqdm
from training_project import Prepared, same

from constancy import progress
from constancy.settings import Settings
from constancy.training import callbacks, fit, steps
from constancy.training.data import Batch
from constancy.training.fit import Fitted
from constancy.training.module import Classifier
from constancy.training.steps import ManySteps

Train = Callable[..., Fitted]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn has three steps, however long they take."""
    times = itertools.count()
    monkeypatch.setattr(steps, "_TURN", 3)
    monkeypatch.setattr(steps, "time", SimpleNamespace(monotonic=lambda: next(times)))


def cut_off(prepared: Prepared, settings: Settings, workspace: Path) -> None:
    """A training that fails in its second epoch, before it has learned from the sixth batch."""
    loss_of = Classifier.loss_of

    def fails(self: Classifier, batch: Batch, number: int) -> torch.Tensor:
        if (self.current_epoch, number) == (1, 5):
            raise OSError("cut off")
        return loss_of(self, batch, number)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Classifier, "loss_of", fails)
        with pytest.raises(OSError, match="cut off"):
            prepared.fit(settings, workspace)


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"accumulate": 3, "batch_size": 24, "clip": 0.5, "ema": 0.9, "mixup": 0.2},
        {"optimizer": "sgd", "schedule": "cosine", "clip": 0.1, "mix": "adaptive"},
        {"precision": "bf16", "ema": 0.9, "cutmix": 1.0, "class_weights": True, "clip": 0.5},
    ],
    ids=["plain", "all that happens between steps", "another optimiser", "bf16"],
)
@pytest.mark.usefixtures("few")
def test_they_end_with_the_bits_of_lightning_s_own(
    train: Train, monkeypatch: pytest.MonkeyPatch, recipe: dict[str, object]
) -> None:
    many = train(**recipe)
    monkeypatch.setattr(fit, "processes", lambda _: 2)  # so that each step is a turn
    monkeypatch.setattr(ManySteps, "__init__", None)
    own = train(**recipe)
    assert same(many, own)
    assert many.history.read_bytes() == own.history.read_bytes()
    assert many.record() == own.record()


def test_a_turn_has_steps_until_its_time_is_up(
    train: Train, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    turn = ManySteps.training_step

    def counted(self: ManySteps, dataloader_iter: object) -> None:
        before = self.images
        turn(self, dataloader_iter)
        taken.append(self.images - before)

    monkeypatch.setattr(ManySteps, "training_step", counted)
    monkeypatch.setattr(steps, "_TURN", 0.0)
    train(epochs=1, batch_size=24)
    one_each, images = len(taken), len(prepared.data(prepared.settings()).train)
    assert max(taken) <= 24
    assert sum(taken) == images
    taken.clear()
    monkeypatch.setattr(steps, "_TURN", 1e9)
    train(epochs=1, batch_size=24)
    assert one_each > 4
    assert taken == [images]


@pytest.mark.usefixtures("saved_always", "few")
def test_what_is_cut_off_amid_a_turn_goes_on_with_it(
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(callbacks, "LINE_EVERY", 0.0)
    settings = prepared.settings(batch_size=24, epochs=2)
    whole = prepared.fit(settings, tmp_path / "whole")
    cut_off(prepared, settings, tmp_path / "cut")
    capsys.readouterr()
    again = prepared.fit(settings, tmp_path / "cut")
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("train:")]
    batches = -(-len(prepared.data(settings).train) // 24)
    assert told[0] == f"train: going on in epoch 2, after step {batches + 3}"
    assert told[1] == f"train: epoch 2/2, batch 6/{batches}"
    assert same(whole, again)
    assert whole.history.read_bytes() == again.history.read_bytes()


@pytest.mark.usefixtures("saved_always", "few")
def test_a_terminal_shows_a_bar_that_goes_on_where_the_training_does(
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = prepared.settings(batch_size=24, epochs=2)
    images = len(prepared.data(settings).train)
    cut_off(prepared, settings, tmp_path)
    capsys.readouterr()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "_DELAY", 0.0)
    ended = tqdm.close
    monkeypatch.setattr(tqdm, "close", lambda bar: (bar.refresh(), ended(bar)))
    prepared.fit(settings, tmp_path)
    told = capsys.readouterr().err.replace("\r", "\n").splitlines()
    shown = [line for line in told if "images" in line and line.startswith("train")]
    batches = -(-images // 24)
    first = round(images * (1 + 3 / batches))
    assert f"{first}/{2 * images}" in shown[0]
    assert "train: epoch 2/2: 100%" in shown[-1]
    assert f"{2 * images}/{2 * images}" in shown[-1]
    assert "validation score 0." in shown[-1]


@pytest.mark.usefixtures("few")
def test_what_is_logged_stands_at_its_step(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = prepared.settings(batch_size=24, accumulate=2, epochs=3)
    logger = CSVLogger(tmp_path / "log")
    monkeypatch.setattr(
        "training_project.fit", lambda *args, **more: fit.fit(*args, **more | {"logger": logger})
    )
    prepared.fit(settings, tmp_path / "workspace")
    with (Path(logger.log_dir) / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["validation_score"]]
    steps_each = -(-len(prepared.data(settings).train) // 48)
    assert [int(row["step"]) for row in rows] == [steps_each * epoch for epoch in (1, 2, 3)]
    assert [float(row["epoch"]) for row in rows] == [0, 1, 2]
