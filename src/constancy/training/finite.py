"""A loss that is no longer a number ends the training, at once and with what led to it."""

from collections import deque
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from constancy.errors import UserError

_EVERY = 50  # batches, where asking for the loss holds up the device or the other processes


class Finite(Callback):
    """Raises UserError for a loss that is not finite: with the step, the rate and the last checkpoint.

    last: the checkpoint's file, which is there or not.
    """

    def __init__(self, last: Path) -> None:
        self.last = last
        self.first_bad = torch.tensor(-1)
        self.rates: deque[tuple[int, float]] = deque(maxlen=_EVERY + 1)

    def on_train_batch_start(self, trainer: Trainer, *rest: Any) -> None:  # noqa: ARG002
        self.rates.append((trainer.global_step, trainer.optimizers[0].param_groups[0]["lr"]))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        loss, step = outputs["loss"].detach(), self.rates[-1][0]
        new = ~loss.isfinite() & (self.first_bad.to(loss.device) < 0)
        self.first_bad = torch.where(new, step, self.first_bad.to(loss.device))
        alone = loss.device.type == "cpu" and trainer.world_size == 1
        if alone or trainer.is_last_batch or (batch_idx + 1) % _EVERY == 0:
            self.check(trainer)

    def check(self, trainer: Trainer) -> None:
        """Raise UserError if a loss since the last call was not finite."""
        step = int(self.first_bad)
        if step < 0:
            return
        rate = dict(self.rates).get(step, self.rates[0][1])
        saved = (
            f"the last good checkpoint is {self.last}" if self.last.exists() else "none is saved"
        )
        raise UserError(
            f"the loss was no longer finite in step {step + 1:,} (epoch {trainer.current_epoch + 1}, "
            f"rate {rate:.3g}); {saved}: lower train.rate, or set train.clip"
        )
