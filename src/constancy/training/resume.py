"""A training that can be cut off at any time: its state on disk, and how it goes on from there."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException

from constancy.files import replacing
from constancy.training.finite import Finite
from constancy.training.module import Classifier

LAST = "last.ckpt"  # what a training goes on from
BEST = "best.ckpt"  # the weights of its best epoch, and no more

_SHARE = 0.005  # of the time that may go into saving
_SECONDS = 5.0  # between two saves, at the least
_ASK_EVERY = 20  # batches, at the most, after which processes agree whether to save
_ASK_SECONDS = 1.0  # in which they agree at least once, if a batch does not take longer


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


class Best(ModelCheckpoint):
    """Keeps the best epoch's weights in `workspace` as BEST, by a value that is logged.

    What it knows goes on with a training, wherever its folder is by then: Lightning would keep the
    path of the old folder, and forget which score is to be beaten.
    """

    def __init__(self, workspace: Path, score: str) -> None:
        super().__init__(
            workspace,
            filename=Path(BEST).stem,
            monitor=score,
            mode="max",
            enable_version_counter=False,
            save_on_train_epoch_end=False,  # at validation's: before the epoch's state is saved
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        def here(path: str) -> str:
            return str(Path(str(self.dirpath)) / Path(path).name) if path else path

        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        moved = {name: here(state_dict[name]) for name in paths}
        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(
            state_dict | moved | {"dirpath": self.dirpath, "best_k_models": best}
        )


class Resume(Callback):
    """Saves the state of a training now and then, and when it is told to end (SIGTERM).

    Between two steps, or when all of an epoch is done; never at an epoch's last batch: what
    validation and the epoch's end would still change is then no part of any state, and the same
    batches lead to the same end. Saving takes half a percent of the time at the most, so little is
    lost however large a network is. Several processes agree on it every few batches.

    finite: asked before each save, so that what is saved can be gone on from; classifier: hears that
    it was told to end.
    """

    def __init__(self, path: Path, finite: Finite, classifier: Classifier) -> None:
        self.path = path
        self.finite = finite
        self.classifier = classifier
        self.saved = time.monotonic()
        self.pause = _SECONDS
        self.asked = time.monotonic()
        self.ask_after = _ASK_EVERY  # batches, the same in all processes
        self.since_asked = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        if (step := trainer.global_step) and trainer.is_global_zero:
            print(
                f"train: going on in epoch {trainer.current_epoch + 1}, after step {step:,}",
                file=sys.stderr,
            )
        self.classifier.told = trainer.received_sigterm
        if threading.current_thread() is threading.main_thread():
            # Lightning's own handler has each process leave by itself, before they could save.
            signal.signal(signal.SIGTERM, lambda *_: self._tell(trainer))

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
        if between_steps and not trainer.is_last_batch:
            self._save_if_due(trainer, asked=self.since_asked >= self.ask_after)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._save_if_due(trainer, asked=True)

    def on_validation_batch_end(self, trainer: Trainer, *rest: Any) -> None:  # noqa: ARG002
        # Whoever sent it will not wait until the epoch's end; several processes have to agree first.
        if self.classifier.told and trainer.world_size == 1:
            raise SIGTERMException

    def _tell(self, trainer: Trainer) -> None:
        self.classifier.told = True
        if launcher := trainer.strategy.launcher:  # of the other processes
            launcher.kill(signal.SIGTERM)

    def _save_if_due(self, trainer: Trainer, *, asked: bool) -> None:
        """asked: whether several processes are to agree on it now; else it is not due."""
        due, told = time.monotonic() - self.saved >= self.pause, self.classifier.told
        if trainer.world_size > 1:
            if not asked:
                return
            due, told = self._agree(trainer, due, told)
        if not due and not told:
            return
        self.finite.check(trainer)
        start = time.monotonic()
        if self.finite.weights_are_finite(trainer):
            trainer.save_checkpoint(self.path, weights_only=False)
        self.saved = time.monotonic()
        self.pause = max(_SECONDS, (self.saved - start) / _SHARE)
        if told:
            raise SIGTERMException

    def _agree(self, trainer: Trainer, due: bool, told: bool) -> tuple[bool, bool]:
        """Whether any process was told to end; what else the first one says, and when to ask again."""
        now = time.monotonic()
        soon = int(_ASK_SECONDS * self.since_asked / (now - self.asked))
        due, self.ask_after = trainer.strategy.broadcast((due, min(max(soon, 1), _ASK_EVERY)))
        told = trainer.strategy.reduce_boolean_decision(told, all=False)
        self.asked, self.since_asked = now, 0
        return due, told
