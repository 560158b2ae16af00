"""A step of our training against one of a bare PyTorch loop.

    python benchmarks/training_step.py [PRECISION]

Both arms train the same network from the same weights on the digits: the same batches, optimiser,
schedule and precision (bf16 unless told otherwise), validated after each epoch on the same images.
Ours gathers its batches, logs to a run that is sent to a store, and keeps its checkpoints; the bare
loop finds its batches gathered, and keeps nothing. Their losses are the same. The time of a step is
the whole time from the first to the last one over their number. Target: at most 1.02 times.
"""

import csv
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from measure import record
from stages import PROJECT, card_of, committed, image_data, prepare
from torch.nn import functional

from constancy.registry.run import tracked_run
from constancy.seeds import derive_seed
from constancy.settings import Settings, check_settings
from constancy.training.data import VALIDATION_BATCH, TrainingBatches, ValidationBatches, as_tensor
from constancy.training.fit import fit
from constancy.training.jitter import jitter
from constancy.training.optimization import make_optimizer, make_schedule

EPOCHS, BATCH, ROUNDS = 10, 128, 7
TARGET = 1.02  # ours over theirs


class Arms:
    """Both arms on the same prepared data."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.data = image_data(settings, folder)
        self.card = card_of(settings, folder, self.data)
        self.images = {kind: as_tensor(each) for kind, each in self.data.sources.items()}
        self.batches = [list(self._epoch(epoch)) for epoch in range(EPOCHS)]
        self.validation = list(
            ValidationBatches(self.data.validation, self.data.suite, VALIDATION_BATCH)
        )
        self.steps = sum(map(len, self.batches))
        self.runs = 0

    def _epoch(self, epoch: int) -> TrainingBatches:
        labels = torch.from_numpy(self.data.train.labels)
        weights, seed = self.data.mix.weights, self.settings.seed
        return TrainingBatches(
            self.images, labels, lambda: weights, BATCH, seed, position=lambda: (epoch, 0)
        )

    def ours(self) -> tuple[float, list[float]]:
        """Its seconds, and the loss of each epoch."""
        self.runs += 1
        workspace = self.folder / f"workspace {self.runs}"
        recipe = self.settings.train
        with tracked_run(self.settings, f"key {self.runs}") as run:
            fitted = fit(
                self.card,
                self.data,
                self.settings.model,
                recipe,
                seed=self.settings.seed,
                workspace=workspace,
                logger=run.logger,
            )
        rows = csv.DictReader(fitted.history.open())
        return fitted.seconds, [float(row["train_loss"]) for row in rows]

    def bare(self) -> tuple[float, list[float]]:
        """Its seconds, and the loss of each epoch."""
        recipe, seed = self.settings.train, self.settings.seed
        torch.manual_seed(derive_seed(seed, "weights"))
        network = self.card.build()
        optimizer = make_optimizer(network, recipe)
        schedule = make_schedule(optimizer, recipe, self.steps)
        low = recipe.precision == "bf16"
        losses, start = [], time.perf_counter()
        for epoch, batches in enumerate(self.batches):
            network.train()
            total, count = torch.zeros(()), 0
            for number, batch in enumerate(batches):
                torch.manual_seed(derive_seed(seed, "batch", epoch, number, 0))
                images = jitter(batch.images, shift=recipe.shift, flip=recipe.flip)
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
                    loss = functional.cross_entropy(
                        network(images.permute(0, 3, 1, 2)),
                        batch.labels,
                        label_smoothing=recipe.label_smoothing,
                    )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.detach() * len(batch.labels)
                count += len(batch.labels)
            losses.append(float(total / count))
            network.eval()
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
                right = [
                    (network(batch.images.permute(0, 3, 1, 2)).argmax(1) == batch.labels).sum()
                    for batch in self.validation
                ]
                torch.stack(right).tolist()
        return time.perf_counter() - start, losses


def main(precision: str) -> None:
    values = committed()
    values["train"] |= {"epochs": EPOCHS, "patience": EPOCHS, "batch_size": BATCH}
    values["train"] |= {"precision": precision, "mix": {"untouched": 1, "combined": 1}}
    settings = check_settings(values)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # where the runs are kept
        folder = Path(name)
        prepare(settings, folder)
        arms = Arms(settings, folder)
        calls = {"ours": arms.ours, "theirs": arms.bare}
        seconds: dict[str, list[float]] = {arm: [] for arm in calls}
        for number in range(ROUNDS):
            losses = {}
            for arm in sorted(calls, reverse=bool(number % 2)):
                took, losses[arm] = calls[arm]()
                seconds[arm].append(took / arms.steps * 1000)
            pairs = zip(losses["ours"], losses["theirs"], strict=True)
            apart = max(abs(ours - theirs) for ours, theirs in pairs)
            told = ", ".join(f"{arm} {each[-1]:.2f} ms" for arm, each in seconds.items())
            print(f"round {number + 1}: {told}; losses apart by {apart:.1e}", file=sys.stderr)
            assert apart < 1e-5, losses
        os.chdir(PROJECT)
    pairs = zip(seconds["ours"], seconds["theirs"], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    medians = {arm: statistics.median(each) for arm, each in seconds.items()}
    record("training_step", ratio, TARGET, medians, unit="ms a step", precision=precision)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bf16")
