"""The LightningModule: a network, its loss, its optimiser, and how it is validated."""

from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric

from constancy.models.network import Network
from constancy.models.transfer import parameter_groups
from constancy.seeds import derive_seed
from constancy.settings.base import PIXEL_FACTORS
from constancy.settings.train import Train
from constancy.training.data import Batch
from constancy.training.jitter import jitter


class Classifier(LightningModule):
    """Trains a network on images as the data module gives them.

    body_rate: see `parameter_groups`; steps: how many steps the whole training has, for the
    learning-rate schedule; groups: what validation batches test, "clean" first, then the factors.

    Logged after each epoch: train_loss, train_accuracy, validation_accuracy (clean images),
    validation_FACTOR, validation_combined, validation_factors (the mean of the six), validation_score (the mean of clean and
    factors, by which the best checkpoint is chosen), rate.
    """

    correct: Any  # a ModuleDict of MeanMetric, which the type checker takes for a bare Module

    def __init__(
        self,
        network: Network,
        train: Train,
        *,
        body_rate: float,
        steps: int,
        groups: list[str],
        seed: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.settings = train
        self.body_rate = body_rate
        self.steps = steps
        self.seed = seed
        self.train_loss = MeanMetric()
        self.train_accuracy = MeanMetric()
        self.correct = nn.ModuleDict({group: MeanMetric() for group in groups})

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N x classes) of uint8 images (N x H x W x C)."""
        return self.network(images.permute(0, 3, 1, 2))

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        # Every draw of a step hangs on its number: a training that was cut off goes on exactly.
        torch.manual_seed(derive_seed(self.seed, "step", self.global_step, self.global_rank))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002
        images = jitter(batch.images, shift=self.settings.shift, flip=self.settings.flip)
        logits = self(images)
        loss = functional.cross_entropy(
            logits, batch.labels, label_smoothing=self.settings.label_smoothing
        )
        self.train_loss.update(loss.detach(), len(batch.labels))
        self.train_accuracy.update(_hits(logits, batch.labels))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        self.correct[batch.group].update(_hits(self(batch.images), batch.labels))

    def on_validation_epoch_end(self) -> None:
        accuracies = {group: metric.compute() for group, metric in self.correct.items()}
        clean = accuracies.pop("clean")
        factors = torch.stack([accuracies[name] for name in PIXEL_FACTORS]).mean()
        values = {f"validation_{factor}": accuracy for factor, accuracy in accuracies.items()}
        self.log_dict(
            values
            | {
                "train_loss": self.train_loss.compute(),
                "train_accuracy": self.train_accuracy.compute(),
                "validation_accuracy": clean,
                "validation_factors": factors,
                "validation_score": (clean + factors) / 2,
                "rate": self.trainer.optimizers[0].param_groups[0]["lr"],
            }
        )
        for metric in (self.train_loss, self.train_accuracy, *self.correct.values()):
            metric.reset()

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov and Hutter 2019) under a one-cycle rate (Smith and Topin 2018)."""
        groups = parameter_groups(self.network, self.settings.rate, self.body_rate)
        rates = [group["lr"] for group in groups]
        optimizer = torch.optim.AdamW(groups, weight_decay=self.settings.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=rates, total_steps=self.steps
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def _hits(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.detach().argmax(1) == labels).float()
