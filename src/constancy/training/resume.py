"""A training that can be cut off at any time: its state on disk, and how it goes on from there."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.exceptions import SIGTERMException

from constancy.files import replacing
from constancy.training.finite import Finite

LAST = "last.ckpt"  # what a training goes on from
BEST = "best.ckpt"  # the weights of its best epoch, and no more

_SHARE = 0.005  # of the time that may go into saving
_SECONDS = 5.0  # between two saves, at the least
_ASK_EVERY = 20  # batches after which processes agree whether to save


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are on the disk whole or not at all, whenever the process is killed.

    BEST is written after every better epoch, and training waits for it: without the optimiser's
    state it is a half (SGD) or a third (AdamW) of LAST. (Lightning's own `save_weights_only` leaves
    out what averages weights as well.)
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        del storage_options  # of remote file systems
        if Path(path).name == BEST:
            checkpoint = {name: checkpoint[name] for name in ("epoch", "state_dict")}
        with replacing(path) as (new,), new.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


class Resume(Callback):
    """Saves the state of a training now and then, and when it is told to end (SIGTERM).

    Never at an epoch's last batch: what validation and the epoch's end would still change is then
    no part of any state, and the same batches lead to the same end. Saving takes half a percent of
    the time at the most, so little is lost however large a network is. Several processes agree on it
    every few batches; told to end, they leave with what was saved last.

    finite: asked before each save, so that what is saved can be gone on from.
    """

    def __init__(self, path: Path, finite: Finite) -> None:
        self.path = path
        self.finite = finite
        self.saved = time.monotonic()
        self.pause = _SECONDS
        self.since_asked = 0  # batches, the same in all processes

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if (step := trainer.global_step) and trainer.is_global_zero:
            print(
                f"train: going on in epoch {trainer.current_epoch + 1}, after step {step:,}",
                file=sys.stderr,
            )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        self.since_asked += 1
        between_steps = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if not between_steps or trainer.is_last_batch or not self._due(trainer):
            return
        self.finite.check(trainer)
        start = time.monotonic()
        trainer.save_checkpoint(self.path, weights_only=False)
        self.saved = time.monotonic()
        self.pause = max(_SECONDS, (self.saved - start) / _SHARE)

    def on_validation_batch_end(self, trainer: Trainer, *rest: Any) -> None:  # noqa: ARG002
        if trainer.received_sigterm:  # whoever sent it will not wait until the epoch's end
            raise SIGTERMException

    def _due(self, trainer: Trainer) -> bool:
        due = trainer.received_sigterm or time.monotonic() - self.saved >= self.pause
        if trainer.world_size == 1:
            return due
        if self.since_asked < _ASK_EVERY:
            return False
        self.since_asked = 0
        return bool(trainer.strategy.broadcast(due))
