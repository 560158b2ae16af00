"""A loss that is no longer a number ends the training, at once and with what led to it."""

import math
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from constancy.errors import UserError
from constancy.training.module import BatchLoss

_EVERY = 50  # batches, where asking for the loss holds up the device or the other processes


class Finite(Callback):
    """Raises UserError for a loss that is not finite: with the step, the rate and the last checkpoint.

    last: the checkpoint's file, which is there or not; losses: those that the training has added, and
    that nobody has looked at yet.
    """

    def __init__(self, last: Path, losses: list[BatchLoss]) -> None:
        self.last = last
        self.losses = losses

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        alone = pl_module.device.type == "cpu" and trainer.world_size == 1
        if alone or trainer.is_last_batch or len(self.losses) >= _EVERY:
            self.check(trainer)

    def weights_are_finite(self, trainer: Trainer) -> bool:
        """Of the weights that the last step left: its loss was worked out before they moved."""
        weights = [each.detach() for each in trainer.lightning_module.parameters()]
        return math.isfinite(torch.nn.utils.get_total_norm(weights))

    def check(self, trainer: Trainer) -> None:
        """Raise UserError if a loss since the last call was not finite, in any of the processes, which
        all call this at the same steps.
        """
        if not self.losses:
            return
        steps, rates, losses = zip(*self.losses, strict=True)
        self.losses.clear()
        of_all = trainer.strategy.reduce(torch.stack(losses), reduce_op="sum")
        finite = [math.isfinite(loss) for loss in of_all.tolist()]
        if all(finite):
            return
        step, rate = steps[finite.index(False)], rates[finite.index(False)]
        saved = (
            f"the last good checkpoint is {self.last}" if self.last.exists() else "none is saved"
        )
        raise UserError(
            f"the loss was no longer finite in step {step + 1:,} (epoch {trainer.current_epoch + 1}, "
            f"rate {rate:.3g}); {saved}: lower train.rate, or set train.clip"
        )
