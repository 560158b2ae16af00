"""What happens beside training: the history file, and a line of progress in logs."""

import csv
import io
import sys
import time
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from constancy.evaluation.history import COLUMNS
from constancy.files import write_text
from constancy.progress import progress
from constancy.training.module import Classifier

LINE_EVERY = 10.0  # seconds


class History(Callback):
    """Writes a CSV file with a row for each epoch, whole after each: the record that needs no server.

    The rows are part of every checkpoint, so a training that goes on repeats none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[list[str]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        values = [f"{trainer.callback_metrics[name].item():.6g}" for name in COLUMNS[1:]]
        self.rows.append([str(trainer.current_epoch), *values])
        if trainer.is_global_zero:
            text = io.StringIO()
            csv.writer(text).writerows([COLUMNS, *self.rows])
            write_text(self.path, text.getvalue())

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]


class Speed(Callback):
    """What this process trains: images, and seconds from its first batch to its last validation."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.images = 0
        self.seconds = 0.0
        self._start = time.monotonic()

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.images else 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._start = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self.images = self.classifier.images * trainer.world_size
        self.seconds = time.monotonic() - self._start
        for logger in trainer.loggers:
            speed = {"images_per_second": self.images_per_second}
            logger.log_metrics(speed, step=trainer.global_step)


class ProgressBar(Callback):
    """A bar for the whole training, where there is a terminal.

    images: that an epoch has; epochs: at the most.
    """

    def __init__(self, images: int, epochs: int) -> None:
        self.images = images
        self.epochs = epochs

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self.bar = progress("train", total=self.images * self.epochs, initial=self._done(trainer))
        self.bar.disable = not trainer.is_global_zero

    def on_train_batch_end(self, trainer: Trainer, *rest: Any) -> None:  # noqa: ARG002
        epoch = f"{trainer.current_epoch + 1}/{self.epochs}"
        self.bar.set_description(f"train: epoch {epoch}", refresh=False)
        self.bar.update(self._done(trainer) - self.bar.n)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        score = trainer.callback_metrics["validation_score"].item()
        self.bar.set_postfix_str(f"validation score {score:.4f}")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self.bar.close()

    def on_exception(self, *rest: Any) -> None:  # noqa: ARG002
        if hasattr(self, "bar"):
            self.bar.close()

    def _done(self, trainer: Trainer) -> int:
        epochs = trainer.current_epoch + batches_done(trainer) / trainer.num_training_batches
        return round(self.images * epochs)


class ProgressLines(Callback):
    """A line every ten seconds, where there is no terminal for a progress bar."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        if self._due(trainer) and not trainer.is_last_batch:  # the epoch's end tells more
            self._tell(trainer, f"batch {batches_done(trainer)}/{trainer.num_training_batches}")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if self._due(trainer):
            score = trainer.callback_metrics["validation_score"].item()
            self._tell(trainer, f"validation score {score:.4f}")

    def _due(self, trainer: Trainer) -> bool:
        return trainer.is_global_zero and time.monotonic() - self.last >= LINE_EVERY

    def _tell(self, trainer: Trainer, what: str) -> None:
        self.last = time.monotonic()
        epoch = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
        print(f"train: epoch {epoch}, {what}", file=sys.stderr)


def batches_done(trainer: Trainer) -> int:
    """How many batches of its epoch a training has learned from, at the end of one."""
    return trainer.fit_loop.epoch_loop.batch_progress.current.ready
