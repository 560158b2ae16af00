"""Several optimiser steps in a turn of Lightning's loop, where that is as good as one."""

import time
from typing import Any

import torch
from pytorch_lightning.callbacks import WeightAveraging

from constancy.training.data import Batch
from constancy.training.module import Classifier

_TURN = 0.25  # seconds, in which steps begin


class ManySteps(Classifier):
    """Ends with the bits of a `Classifier`, sooner: it takes steps for a quarter of a second where
    Lightning's loop expects one, since that loop takes a millisecond around each.

    For one process: several would have to agree when a turn ends. accumulate: how many batches make
    a step; average: what averages the weights, or None.
    """

    def __init__(
        self,
        *args: Any,
        accumulate: int,
        average: WeightAveraging | None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.automatic_optimization = False
        self.accumulate = accumulate
        self.average = average

    def training_step(self, dataloader_iter: Any) -> None:  # type: ignore[override]
        """Lightning hands out the iterator itself to an argument of that name."""
        end, first = time.monotonic() + _TURN, dataloader_iter.fetched
        # Lightning has it on for a whole turn, but gradients do without.
        no_autocast = torch.autocast(self.device.type, enabled=False)
        self._step(dataloader_iter, no_autocast)
        while not (dataloader_iter.done or self.told) and time.monotonic() < end:
            self._step(dataloader_iter, no_autocast)
        # Lightning counts a turn as a batch: here are the others.
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        progress.increment_by(dataloader_iter.fetched - first - 1)

    def _step(self, batches: Any, no_autocast: torch.autocast) -> None:
        # Torch's own backward and optimiser: Lightning's call every callback, twice each.
        trainer, optimizer = self.trainer, self.trainer.optimizers[0]
        schedule: Any = trainer.lr_scheduler_configs[0].scheduler
        for _ in range(self.accumulate):
            number = batches.fetched
            batch: Batch = next(batches)[0]
            loss = self.loss_of(batch.to(self.device), number)
            with no_autocast:
                (loss / self.accumulate).backward()
            if batches.done:
                break
        self.configure_gradient_clipping()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.increment_by(1)
        if self.average:
            self.average.on_train_batch_end(trainer, self, None, batch, number)
