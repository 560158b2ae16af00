"""What happens beside training: the history file, and a line of progress in logs."""

import csv
import sys
import time
from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer

HISTORY = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_accuracy",
    "validation_factors",
    "validation_score",
    "rate",
)
LINE_EVERY = 10.0  # seconds


class History(Callback):
    """Writes a row to a CSV file after each epoch: the record that needs no server."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero:
            with self.path.open("w", newline="") as file:
                csv.writer(file).writerow(HISTORY)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero:
            values = [f"{trainer.callback_metrics[name].item():.6g}" for name in HISTORY[1:]]
            with self.path.open("a", newline="") as file:
                csv.writer(file).writerow([trainer.current_epoch, *values])


class ProgressLines(Callback):
    """A line every ten seconds, where there is no terminal for a progress bar."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero and time.monotonic() - self.last >= LINE_EVERY:
            self.last = time.monotonic()
            score = trainer.callback_metrics["validation_score"].item()
            epoch = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
            print(f"train: epoch {epoch}, validation score {score:.4f}", file=sys.stderr)
