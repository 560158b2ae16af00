"""On a GPU: images lie there, the loop never waits for it, and memory that runs out is no end."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from training_project import Prepared, same

from constancy.evaluation.predict import predict_logits
from constancy.training import data, finite
from constancy.training import steps as many_steps
from constancy.training.fit import Fitted
from constancy.training.memory import release
from constancy.training.module import Classifier

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

Train = Callable[..., Fitted]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("network", ["cnn", "resnet"])
def test_the_same_training_ends_with_the_same_bits(
    train: Train, network: str, precision: str
) -> None:
    recipe = {"mix": "adaptive", "mixup": 0.2, "shift": 2, "flip": True, "precision": precision}
    assert same(train(network, **recipe), train(network, **recipe))


def test_a_compiled_network_learns_too(train: Train) -> None:
    fitted = train(epochs=16, compile="always")
    assert fitted.choices.compile
    assert fitted.score > 0.75


@pytest.mark.parametrize(("share", "place"), [(0.5, "cuda"), (0.0, "cpu")])
def test_images_lie_on_the_gpu_if_they_fit(
    train: Train, monkeypatch: pytest.MonkeyPatch, share: float, place: str
) -> None:
    monkeypatch.setattr(data, "_RESIDENT_SHARE", share)
    places: set[str] = set()
    whole = train()
    for kind in (data.TrainingBatches, data.ValidationBatches):
        every = kind.__iter__
        monkeypatch.setattr(kind, "__iter__", lambda self, every=every: noted(every(self), places))
    assert same(train(), whole)
    assert places == {place}


def noted(batches: Iterator[data.Batch], places: set[str]) -> Iterator[data.Batch]:
    """The batches, and where they lie."""
    for batch in batches:
        places.update(each.device.type for each in batch[:2])
        yield batch


@pytest.mark.parametrize("turn", [0.0, 0.25], ids=["a step a turn", "many steps a turn"])
def test_an_epoch_waits_for_the_gpu_only_to_look_at_its_losses(
    prepared: Prepared, train: Train, monkeypatch: pytest.MonkeyPatch, turn: float
) -> None:
    monkeypatch.setattr(many_steps, "_TURN", turn)
    begin, end = Classifier.loss_of, Classifier.on_validation_epoch_end

    def watch(self: Classifier, batch: Any, number: int) -> torch.Tensor:
        if self.current_epoch and not number:  # the first epoch sets all up
            torch.cuda.set_sync_debug_mode("warn")
        return begin(self, batch, number)

    def look_away(self: Classifier) -> None:
        torch.cuda.set_sync_debug_mode("default")
        end(self)

    monkeypatch.setattr(Classifier, "loss_of", watch)
    monkeypatch.setattr(Classifier, "on_validation_epoch_end", look_away)
    recipe = {"epochs": 2, "batch_size": 4, "mix": "adaptive", "mixup": 0.2, "cutmix": 1}
    steps = -(-len(prepared.data(prepared.settings()).train) // recipe["batch_size"])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        train("resnet", **recipe, shift=2, flip=True, class_weights=True, clip=1.0)
    waits = [each for each in told if "synchronizing CUDA operation" in str(each.message)]
    assert {each.filename for each in waits} == {finite.__file__}
    most = -(-steps // finite._EVERY)
    assert (1 if turn else most) <= len(waits) <= most


def test_memory_that_runs_out_halves_the_batch_and_images_stay_on_the_gpu(
    prepared: Prepared, train: Train, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    resnet = prepared.settings().model.resnet
    tuning = {"resnet": resnet.model_copy(update={"stem": 512})}
    release()  # what tests before this one left: the peak is to be this training's own
    torch.cuda.reset_peak_memory_stats()
    train("resnet", tuning, epochs=1, batch_size=256)
    total = torch.cuda.get_device_properties(0).total_memory
    homes: list[torch.device] = []
    home = data._home

    def noted_home(*of: Any) -> torch.device:
        homes.append(found := home(*of))
        return found

    monkeypatch.setattr(data, "_home", noted_home)
    release()
    torch.cuda.set_per_process_memory_fraction(0.5 * torch.cuda.max_memory_allocated() / total)
    try:
        fitted = train("resnet", tuning, epochs=1, batch_size=256)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert fitted.choices.batch_size < 256
    assert fitted.choices.batch_size * fitted.choices.accumulate == 256
    assert "memory ran out; starting again with 128 images at once" in capsys.readouterr().err
    assert {each.type for each in homes} == {"cuda"}


def test_a_gpu_answers_as_the_cpu_does(train: Train, prepared: Prepared) -> None:
    network = train("resnet").network
    images = prepared.data(prepared.settings()).validation.images
    cpu, gpu = (predict_logits(network, images, 100, device) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(gpu, cpu, atol=0.02)  # TF32: ten bits of a product's factors
    assert (gpu.argmax(-1) == cpu.argmax(-1)).mean() > 0.99
