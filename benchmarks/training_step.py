"""A step of our training against one of a bare PyTorch loop.

    python benchmarks/training_step.py [NETWORK] [PRECISION] [BATCH]

Both arms train the same network from the same weights on the digits, taken many times: the same
batches (of 128 unless told otherwise), optimiser, schedule and precision (resnet in bf16 unless told
otherwise), validated after each epoch on the same images. Ours gathers its batches, keeps its
checkpoints and logs to a run that is sent to a store; the bare loop finds its batches gathered, and
keeps nothing. The arms take turns step by step (on a GPU, which works while the next steps are being
told, every 26 steps), and their losses are the same. A ratio is that of the seconds of a whole epoch
with its validation, ours over theirs; the outcome is the median. What is sent to the store beside
training burdens both arms alike: what it costs is in tracking.py. Target: at most 1.02 times.
"""

import csv
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from measure import record
from stages import PROJECT, card_of, committed, image_data, prepare
from torch.nn import functional

from constancy.data.packed import PackedSplit
from constancy.registry.run import tracked_run
from constancy.seeds import derive_seed
from constancy.settings import Settings, check_settings
from constancy.training import steps as many_steps
from constancy.training.data import (
    VALIDATION_BATCH,
    ImageData,
    TrainingBatches,
    ValidationBatches,
    as_tensor,
)
from constancy.training.fit import fit
from constancy.training.jitter import jitter
from constancy.training.module import Classifier, seed_generators
from constancy.training.optimization import make_optimizer, make_schedule

EPOCHS, STEPS, TARGET = 7, 156, 1.02
GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")
TURN = 26 if GPU else 1  # steps; an epoch has a whole number of turns


def enlarge(data: ImageData, count: int) -> None:
    """Every training image several times, so that there are `count` and an epoch has its steps."""
    train = data.train
    times = -(-count // len(train))
    index = pd.concat([train.index] * times, ignore_index=True)[:count]
    images = np.concatenate([train.images] * times)[:count]
    data.train = PackedSplit(images, np.tile(train.labels, times)[:count], index)
    data.sources = {
        kind: np.ascontiguousarray(np.concatenate([each] * times, axis=1)[:, :count])
        for kind, each in data.sources.items()
    }


class Turns:
    """Lets the bare loop take its turn before each turn of ours, and times both.

    ours, theirs: seconds from the beginning of a turn's first step to that of the next turn's.
    """

    def __init__(self, bare: Iterator[None]) -> None:
        self.bare = bare
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self._steps = 0
        self._since = 0.0

    def __call__(self) -> None:
        """At the beginning of each step of ours."""
        if self._steps % TURN == 0:
            now = _clock()
            if self._steps:
                self.ours.append(now - self._since)
            for _ in range(TURN):
                next(self.bare)
            self._since = _clock()
            self.theirs.append(self._since - now)
        self._steps += 1


def _clock() -> float:
    """Seconds, once all that was asked of the device is done."""
    if GPU:
        torch.cuda.synchronize()
    return time.perf_counter()


def bare_loop(
    settings: Settings, data: ImageData, network: torch.nn.Module, losses: list[float]
) -> Iterator[None]:
    """A step at each call; an epoch's validation belongs to the first step of the next one."""
    recipe, seed = settings.train, settings.seed
    network.to(DEVICE)
    images = {kind: as_tensor(each).to(DEVICE) for kind, each in data.sources.items()}
    labels, weights = torch.from_numpy(data.train.labels).to(DEVICE), data.mix.weights
    validation = list(ValidationBatches(data.validation_groups(DEVICE), VALIDATION_BATCH))
    optimizer = make_optimizer(network, recipe)
    low = {"dtype": torch.bfloat16, "enabled": recipe.precision == "bf16"}
    schedule = None
    for epoch in range(EPOCHS):
        place = partial(lambda epoch: (epoch, 0), epoch)
        batches = list(
            TrainingBatches(images, labels, lambda: weights, recipe.batch_size, seed, place)
        )
        schedule = schedule or make_schedule(optimizer, recipe, EPOCHS * len(batches))
        network.train()
        total, count = torch.zeros((), device=DEVICE), 0
        for number, batch in enumerate(batches):
            seed_generators(labels.device, derive_seed(seed, "batch", epoch, number, 0))
            inputs = jitter(batch.images, shift=recipe.shift, flip=recipe.flip)
            with torch.autocast(DEVICE.type, **low):
                logits = network(inputs.permute(0, 3, 1, 2))
                smoothing = {"label_smoothing": recipe.label_smoothing, "reduction": "sum"}
                loss = functional.cross_entropy(logits, batch.labels, **smoothing) / len(inputs)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(batch.labels)
            count += len(batch.labels)
            if number + 1 < len(batches):
                yield
        losses.append(float(total / count))
        yield
        network.eval()
        with torch.inference_mode(), torch.autocast(DEVICE.type, **low):
            for batch in validation:
                (network(batch.images.permute(0, 3, 1, 2)).argmax(1) == batch.labels).sum()


def main(network: str = "resnet", precision: str = "bf16", size: str = "128") -> None:
    batch = int(size)
    values = committed()
    values["model"]["name"] = network
    values["train"] |= {"epochs": EPOCHS, "patience": EPOCHS, "batch_size": batch}
    values["train"] |= {"precision": precision, "mix": {"untouched": 1, "combined": 1}}
    settings = check_settings(values)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # where the run is kept
        prepare(settings, Path(name))
        data = image_data(settings, Path(name))
        enlarge(data, STEPS * batch)
        card = card_of(settings, Path(name), data)
        torch.manual_seed(derive_seed(settings.seed, "weights"))
        losses: list[float] = []
        turns = Turns(bare_loop(settings, data, card.build(), losses))
        loss_of = Classifier.loss_of

        def take_turns(self: Any, batch: Any, number: int) -> torch.Tensor:
            turns()
            return loss_of(self, batch, number)

        Classifier.loss_of = take_turns  # type: ignore[method-assign]
        many_steps._TURN *= 2  # half of which is theirs
        with tracked_run(settings, "key") as run:
            fitted = fit(card, data, settings, workspace=Path("workspace"), logger=run.logger)
        rows = list(csv.DictReader(fitted.history.open()))
        os.chdir(PROJECT)
    apart = max(
        abs(float(row["train_loss"]) - loss) for row, loss in zip(rows, losses, strict=True)
    )
    assert apart < 1e-4, (apart, losses)
    each_epoch = STEPS // TURN
    ours, theirs = turns.ours, turns.theirs[1:]  # theirs have the validation a turn later
    epochs = [
        slice(start, start + each_epoch)
        for start in range(0, (EPOCHS - 1) * each_epoch, each_epoch)
    ]
    for each in epochs:
        print(f"{sum(ours[each]):.2f} s over {sum(theirs[each]):.2f} s", file=sys.stderr)
    ratio = statistics.median(sum(ours[each]) / sum(theirs[each]) for each in epochs)
    steps = {"ours": ours, "theirs": theirs}
    arms = {name: statistics.median(each) * 1000 / TURN for name, each in steps.items()}
    device = torch.cuda.get_device_name() if GPU else "CPU"
    name = f"training_step_{network.replace(':', '_')}_{precision}"
    about = {"unit": "ms", "apart": apart, "batch": batch, "device": device}
    record(f"{name}_gpu" if GPU else name, ratio, TARGET, arms, **about)


if __name__ == "__main__":
    main(*sys.argv[1:])
