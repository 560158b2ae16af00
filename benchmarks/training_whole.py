"""Our whole training against a stock Lightning script, to the same accuracy on Fashion-MNIST.

    python benchmarks/training_whole.py archive:fashion-mnist.tar.gz

Theirs is what one finds in a tutorial: the same network in fp32 and NCHW under Adam, images through
PIL and torchvision's transforms from a DataLoader with two workers, metrics logged at each step; it
ends when an epoch's validation has the accuracy wanted. Ours is the default recipe without copies
in bf16, for as many epochs as it needs; it validates under all factors, too. Both see the same
images, mirrored and shifted at random. The time is that of the training as a whole.
"""

import csv
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from input_pipeline import InMemory
from measure import record
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from stages import card_of, image_data, prepare, train, without_copies
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy
from torchvision.transforms import v2

from constancy.settings import Settings, check_settings

ACCURACY, EPOCHS, MOST_EPOCHS = 0.91, 3, 30
BATCH = 128
ROUNDS = 1  # theirs takes ten minutes, and how it compares is far from the target
TARGET = 3.0


class Stock(LightningModule):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.train_accuracy = MulticlassAccuracy(10, average="micro")
        self.accuracy = MulticlassAccuracy(10, average="micro")

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:  # noqa: ARG002
        images, labels = batch
        logits = self.network(images)
        loss = functional.cross_entropy(logits, labels)
        self.train_accuracy(logits, labels)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_accuracy", self.train_accuracy)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        images, labels = batch
        self.accuracy(self.network(images), labels)
        self.log("accuracy", self.accuracy)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 1e-3)


def settings_of(source: str) -> Settings:
    values = without_copies(source, "cnn")
    values["train"] |= {"epochs": EPOCHS, "batch_size": BATCH, "precision": "bf16", "flip": True}
    return check_settings(values)


def ours(settings: Settings, folder: Path, workspace: Path) -> tuple[float, float]:
    """Seconds, and the accuracy on clean validation images."""
    start = time.perf_counter()
    fitted = train(settings, folder, workspace)
    seconds = time.perf_counter() - start
    rows = list(csv.DictReader(fitted.history.open()))
    return seconds, float(rows[fitted.best_epoch]["validation_accuracy"])


def theirs(settings: Settings, folder: Path, workspace: Path) -> tuple[float, float]:
    """Seconds, and the accuracy on clean validation images."""
    data = image_data(settings, folder)
    card = card_of(settings, folder, data)
    mean, std = ([each / 255 for each in values] for values in (card.mean, card.std))
    start = time.perf_counter()
    tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    moved = [v2.RandomHorizontalFlip(), v2.RandomCrop(settings.data.image.size, padding=2)]
    loaders = []
    for split, transforms in ((data.train, moved), (data.validation, [])):
        images = InMemory(split.images[..., 0], v2.Compose([*transforms, *tensor]), split.labels)
        first = bool(transforms)
        loaders.append(
            DataLoader(images, BATCH, shuffle=first, num_workers=2, persistent_workers=True)
        )
    network = card.build().body.to(memory_format=torch.contiguous_format)
    best = EarlyStopping("accuracy", mode="max", stopping_threshold=ACCURACY, patience=MOST_EPOCHS)
    trainer = Trainer(
        max_epochs=MOST_EPOCHS,
        accelerator="cpu",
        callbacks=[best, ModelCheckpoint(workspace, monitor="accuracy", mode="max")],
        default_root_dir=workspace,
        enable_progress_bar=False,
    )
    trainer.fit(Stock(network), *loaders)
    print(f"theirs: {trainer.current_epoch} epochs", file=sys.stderr)
    # Not the callback's best score, which leaves out the epoch that reaches the threshold.
    return time.perf_counter() - start, float(trainer.callback_metrics["accuracy"])


def main(source: str) -> None:
    settings = settings_of(source)
    calls = {"ours": ours, "theirs": theirs}
    found: dict[str, list[tuple[float, float]]] = {arm: [] for arm in calls}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(settings, folder)
        for number in range(ROUNDS):
            for arm in sorted(calls, reverse=bool(number % 2)):
                found[arm].append(calls[arm](settings, folder, folder / f"{arm} {number}"))
                seconds, accuracy = found[arm][-1]
                print(f"round {number + 1}: {arm} {seconds:.1f} s, {accuracy:.4f}", file=sys.stderr)
                assert accuracy >= ACCURACY
    pairs = zip(found["ours"], found["theirs"], strict=True)
    ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
    medians = {arm: statistics.median(each[0] for each in found[arm]) for arm in calls}
    reached = {arm: [round(each[1], 4) for each in found[arm]] for arm in calls}
    record("training_whole", ratio, TARGET, medians, unit="seconds", accuracy=reached)


if __name__ == "__main__":
    main(sys.argv[1])
