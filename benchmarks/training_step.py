"""A step of our training against one of a bare PyTorch loop.

    python benchmarks/training_step.py [NETWORK] [PRECISION]

Both arms train the same network from the same weights on the digits, taken many times: the same
batches, optimiser, schedule and precision (resnet in bf16 unless told otherwise), validated after
each epoch on the same images. Ours gathers its batches, keeps its checkpoints and logs to a run
that is sent to a store; the bare loop finds its batches gathered, and keeps nothing. The arms take
turns step by step, and their losses are the same. A ratio is that of the seconds of a whole epoch
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

EPOCHS, BATCH, TIMES = 5, 128, 16
TARGET = 1.02


def enlarge(data: ImageData) -> None:
    """Every training image several times, so that an epoch has as many steps as usual."""
    train = data.train
    index = pd.concat([train.index] * TIMES, ignore_index=True)
    images = np.concatenate([train.images] * TIMES)
    data.train = PackedSplit(images, np.tile(train.labels, TIMES), index)
    data.sources = {
        kind: np.concatenate([each] * TIMES, axis=1) for kind, each in data.sources.items()
    }


class Turns:
    """Lets the bare loop take a step before each step of ours, and times both.

    ours, theirs: seconds from the beginning of a step to that of the next one.
    """

    def __init__(self, bare: Iterator[None]) -> None:
        self.bare = bare
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self._since: float | None = None

    def __call__(self) -> None:
        now = time.perf_counter()
        if self._since is not None:
            self.ours.append(now - self._since)
        next(self.bare)
        self._since = time.perf_counter()
        self.theirs.append(self._since - now)


def bare_loop(
    settings: Settings, data: ImageData, network: torch.nn.Module, losses: list[float]
) -> Iterator[None]:
    """A step at each call; an epoch's validation belongs to the first step of the next one."""
    recipe, seed = settings.train, settings.seed
    images = {kind: as_tensor(each) for kind, each in data.sources.items()}
    labels, weights = torch.from_numpy(data.train.labels), data.mix.weights
    validation = list(ValidationBatches(data.validation, data.suite, VALIDATION_BATCH))
    optimizer = make_optimizer(network, recipe)
    low = {"dtype": torch.bfloat16, "enabled": recipe.precision == "bf16"}
    schedule = None
    for epoch in range(EPOCHS):
        place = partial(lambda epoch: (epoch, 0), epoch)
        batches = list(TrainingBatches(images, labels, lambda: weights, BATCH, seed, place))
        schedule = schedule or make_schedule(optimizer, recipe, EPOCHS * len(batches))
        network.train()
        total, count = torch.zeros(()), 0
        for number, batch in enumerate(batches):
            seed_generators(labels.device, derive_seed(seed, "batch", epoch, number, 0))
            inputs = jitter(batch.images, shift=recipe.shift, flip=recipe.flip)
            with torch.autocast("cpu", **low):
                logits = network(inputs.permute(0, 3, 1, 2))
                loss = functional.cross_entropy(
                    logits, batch.labels, label_smoothing=recipe.label_smoothing
                )
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
        with torch.inference_mode(), torch.autocast("cpu", **low):
            for batch in validation:
                (network(batch.images.permute(0, 3, 1, 2)).argmax(1) == batch.labels).sum()


def main(network: str, precision: str) -> None:
    values = committed()
    values["model"]["name"] = network
    values["train"] |= {"epochs": EPOCHS, "patience": EPOCHS, "batch_size": BATCH}
    values["train"] |= {"precision": precision, "mix": {"untouched": 1, "combined": 1}}
    settings = check_settings(values)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # where the run is kept
        prepare(settings, Path(name))
        data = image_data(settings, Path(name))
        enlarge(data)
        card = card_of(settings, Path(name), data)
        torch.manual_seed(derive_seed(settings.seed, "weights"))
        losses: list[float] = []
        turns = Turns(bare_loop(settings, data, card.build(), losses))
        start = Classifier.on_train_batch_start

        def take_turns(self: Any, batch: Any, batch_idx: int) -> None:
            turns()
            start(self, batch, batch_idx)

        Classifier.on_train_batch_start = take_turns  # type: ignore[method-assign]
        with tracked_run(settings, "key") as run:
            fitted = fit(card, data, settings, workspace=Path("workspace"), logger=run.logger)
        rows = list(csv.DictReader(fitted.history.open()))
        os.chdir(PROJECT)
    apart = max(
        abs(float(row["train_loss"]) - loss) for row, loss in zip(rows, losses, strict=True)
    )
    assert apart < 1e-4, (apart, losses)
    steps = len(turns.theirs) // EPOCHS
    ours, theirs = turns.ours, turns.theirs[1:]  # theirs have the validation a step later
    epochs = [slice(start, start + steps) for start in range(0, (EPOCHS - 1) * steps, steps)]
    for each in epochs:
        print(f"{sum(ours[each]):.2f} s over {sum(theirs[each]):.2f} s", file=sys.stderr)
    ratio = statistics.median(sum(ours[each]) / sum(theirs[each]) for each in epochs)
    arms = {"ours": statistics.median(ours) * 1000, "theirs": statistics.median(theirs) * 1000}
    record(f"training_step_{network}_{precision}", ratio, TARGET, arms, unit="ms", apart=apart)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["resnet", "bf16"]))
