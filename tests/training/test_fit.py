"""Training learns, keeps its best epoch, and gives the same bits for the same inputs."""

import csv
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from training_project import Prepared, same, weights

from constancy.errors import UserError
from constancy.settings import PIXEL_FACTORS
from constancy.training import callbacks, steps
from constancy.training.callbacks import History
from constancy.training.data import Batch
from constancy.training.fit import Fitted, balanced
from constancy.training.mix import AdaptiveMix
from constancy.training.module import Classifier
from constancy.training.resume import BEST

Train = Callable[..., Fitted]


@pytest.mark.parametrize("model", ["cnn", "mlp", "resnet"])
def test_a_network_learns_the_digits(train: Train, model: str) -> None:
    fitted = train(model, epochs=20)
    assert fitted.score > 0.7
    assert fitted.card.name == model
    assert not fitted.network.training


def test_the_same_inputs_give_the_same_bits(train: Train) -> None:
    one, two = train(), train()
    assert same(one, two)
    assert one.history.read_bytes() == two.history.read_bytes()


def test_every_epoch_has_its_row(train: Train) -> None:
    fitted = train()
    rows = list(csv.DictReader(fitted.history.open()))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    for row in rows:
        parts = [float(row[f"validation_{part}"]) for part in ("accuracy", "factors", "combined")]
        assert float(row["validation_score"]) == pytest.approx(sum(parts) / 3, abs=1e-5)
        assert 0 < float(row["train_loss"]) < 5
    assert float(rows[0]["rate"]) > float(rows[-1]["rate"]) > 0


def test_the_weights_are_those_of_the_best_epoch(train: Train) -> None:
    fitted = train(epochs=6, rate=0.5)  # a rate so high that epochs differ much
    rows = list(csv.DictReader(fitted.history.open()))
    scores = [float(row["validation_score"]) for row in rows]
    assert fitted.score == pytest.approx(max(scores), abs=1e-5)
    assert fitted.best_epoch == scores.index(max(scores))


def test_training_stops_when_it_no_longer_improves(train: Train) -> None:
    fitted = train(epochs=60, patience=1, rate=0.5)
    assert fitted.epochs < 60


RECIPES: list[dict[str, object]] = [
    {"optimizer": "sgd", "rate": 0.04, "schedule": "cosine", "warmup": 0.1},
    {"ema": 0.9},
    {"mixup": 0.2},
    {"cutmix": 1.0, "mixup": 0.2},
    {"clip": 1.0, "accumulate": 2, "class_weights": True},
    {"precision": "auto", "minutes": 60},
    {"schedule": "cosine", "warmup": 0},
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: " ".join(recipe))
def test_a_network_learns_by_every_recipe(train: Train, recipe: dict[str, object]) -> None:
    fitted = train(epochs=16, **recipe)
    assert fitted.score > 0.7


KNOBS: list[dict[str, object]] = [
    {"optimizer": "sgd"},
    {"schedule": "cosine"},
    {"ema": 0.9},
    {"mixup": 0.2},
    {"cutmix": 1.0},
    {"clip": 0.01},
    {"accumulate": 2},
    {"class_weights": True},
    {"label_smoothing": 0.3},
    {"flip": True},
    {"shift": 0},
    {"weight_decay": 0.5},
    {"precision": "bf16"},
]


@pytest.fixture(scope="module")
def plain(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return prepared.fit(prepared.settings(epochs=1), tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: next(iter(knob)))
def test_every_knob_of_the_recipe_is_at_work(
    train: Train, plain: Fitted, knob: dict[str, object]
) -> None:
    assert not same(train(epochs=1, **knob), plain)


def test_copies_train_only_where_the_mix_has_them(prepared: Prepared, tmp_path: Path) -> None:
    def trained(mix: dict[str, int], blank: str) -> Fitted:
        settings = prepared.settings(mix=mix, epochs=1)
        data = prepared.data(settings)
        if blank in data.sources:
            data.sources[blank] = np.zeros_like(data.sources[blank])
        return prepared.fit(settings, Path(mkdtemp(dir=tmp_path)), data)

    for mix, uses in (({"untouched": 1}, False), ({"untouched": 1, "scale": 1}, True)):
        assert same(trained(mix, "scale"), trained(mix, "none")) != uses


def test_an_adaptive_mix_learns_from_its_mistakes(prepared: Prepared, tmp_path: Path) -> None:
    settings = prepared.settings(mix="adaptive", epochs=4)
    data = prepared.data(settings)
    fitted = prepared.fit(settings, tmp_path / "one", data)
    assert isinstance(data.mix, AdaptiveMix)
    errors = data.mix.errors
    assert set(errors) == {*PIXEL_FACTORS, "combined"}
    assert errors["occlusion"] > errors["deformation"]
    assert same(fitted, prepared.fit(settings, tmp_path / "other", prepared.data(settings)))


def test_the_best_checkpoint_holds_weights_alone(train: Train) -> None:
    fitted = train(epochs=2)
    saved = torch.load(fitted.history.parent / BEST, weights_only=True)
    assert set(saved) == {"epoch", "state_dict"}


def test_bfloat16_trains_too(train: Train) -> None:
    fitted = train(epochs=16, precision="bf16")
    assert fitted.score > 0.75
    assert all(value.dtype != torch.bfloat16 for value in weights(fitted).values())


def test_nothing_is_written_outside_the_workspace(train: Train, in_tmp: Path) -> None:
    fitted = train()
    assert list(in_tmp.iterdir()) == [fitted.history.parent]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_told_with_its_key(train: Train) -> None:
    with pytest.raises(UserError, match=r"train\.accelerator: 'gpu' does not fit .*No supported"):
        train(accelerator="gpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_more_gpus_than_there_are_are_told_with_their_key(train: Train) -> None:
    with pytest.raises(UserError, match=r"train\.devices: '15' does not fit this machine"):
        train(accelerator="gpu", devices=15)


def test_a_model_is_tuned_without_a_change_of_what_is_frozen(train: Train, in_tmp: Path) -> None:
    first = train("resnet", epochs=1)
    torch.save({"state_dict": first.network.state_dict()}, "first.pt")
    tuning = {"weights": "first.pt", "freeze": ["stem.*", "stages.[01].*"], "body_rate": 0.1}
    tuned = train("resnet", epochs=2, tuning=tuning)
    frozen = ("body.stem.", "body.stages.0.", "body.stages.1.", "mean", "std")
    before, after = weights(first), weights(tuned)
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed == {name for name in after if not name.startswith(frozen)}
    again = train("resnet", epochs=2, tuning=tuning)
    assert same(tuned, again)


def hungry(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let steps of more than so many images ask torch for more memory than there is."""
    loss_of = Classifier.loss_of

    def hungry_loss_of(self: Classifier, batch: Batch, number: int) -> torch.Tensor:
        torch.empty(2**55 if len(batch.labels) > most else 1, dtype=torch.uint8)
        return loss_of(self, batch, number)

    monkeypatch.setattr(Classifier, "loss_of", hungry_loss_of)


def test_batches_are_halved_until_memory_is_enough(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hungry(monkeypatch, 16)
    fitted = train(batch_size=64, accumulate=1)
    assert (fitted.choices.batch_size, fitted.choices.accumulate) == (16, 4)
    assert (
        "memory ran out; starting again with 16 images at once, 4 times" in capsys.readouterr().err
    )
    monkeypatch.undo()
    assert same(fitted, train(batch_size=16, accumulate=4))


def test_too_little_memory_for_any_batch_is_told(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    hungry(monkeypatch, 0)
    with pytest.raises(UserError, match="memory runs out even with 4 images at once: lower"):
        train(batch_size=32)


@pytest.mark.usefixtures("saved_always")
def test_a_training_that_goes_on_keeps_its_state_when_memory_is_short(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(History, "on_train_epoch_end", interrupted)
    with pytest.raises(OSError, match="cut off"):
        prepared.fit(prepared.settings(), tmp_path)
    state = (tmp_path / "last.ckpt").read_bytes()
    hungry(monkeypatch, 1)
    with pytest.raises(UserError, match="did fit before: stop what else takes it and run again"):
        prepared.fit(prepared.settings(), tmp_path)
    assert (tmp_path / "last.ckpt").read_bytes() == state


@pytest.mark.usefixtures("saved_always")
def test_memory_that_runs_out_later_costs_no_state(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss_of = Classifier.loss_of

    def hungry_in_time(self: Classifier, batch: Batch, number: int) -> torch.Tensor:
        torch.empty(2**55 if self.current_epoch else 1, dtype=torch.uint8)
        return loss_of(self, batch, number)

    whole = prepared.fit(prepared.settings(), tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(Classifier, "loss_of", hungry_in_time)
        with pytest.raises(UserError, match="did fit before: stop what else takes it and run"):
            prepared.fit(prepared.settings(), tmp_path / "cut")
    assert same(prepared.fit(prepared.settings(), tmp_path / "cut"), whole)


def test_what_was_chosen_is_told_before_the_first_step(prepared: Prepared, tmp_path: Path) -> None:
    told: list[object] = []

    def tell(choices: object) -> None:
        told.append(choices)
        assert not list(tmp_path.glob("*.ckpt"))

    fitted = prepared.fit(prepared.settings(epochs=1), tmp_path, tell=tell)
    assert told == [fitted.choices]


def test_a_long_epoch_tells_how_far_it_is(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(callbacks, "LINE_EVERY", 0.0)
    monkeypatch.setattr(steps, "_TURN", 0.0)
    train(epochs=1, batch_size=100)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("train:")]
    batches = int(told[0].rpartition("/")[2])
    assert told[:-1] == [f"train: epoch 1/1, batch {n}/{batches}" for n in range(1, batches)]
    assert told[-1].startswith("train: epoch 1/1, validation score 0.")


def interrupted(*_: object) -> None:
    raise OSError("cut off")


def test_balanced_classes_count_alike() -> None:
    weights = balanced(np.array([0, 0, 0, 1, 0, 3, 3, 0]), 5)
    assert weights.tolist() == pytest.approx([8 / 15, 8 / 3, 0, 8 / 6, 0])
