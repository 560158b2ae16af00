"""The LightningModule: a network, its loss, and how it is validated."""

from typing import Any, NamedTuple

import torch
from pytorch_lightning import LightningModule
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from constancy.models.network import Network
from constancy.seeds import derive_seed
from constancy.settings.base import COMBINED, PIXEL_FACTORS
from constancy.settings.train import Train
from constancy.training.blend import blend
from constancy.training.data import Batch
from constancy.training.jitter import jitter
from constancy.training.optimization import make_optimizer, make_schedule

CLEAN = "clean"
SCORE = "validation_score"


class BatchLoss(NamedTuple):
    """Of one batch: how many steps had been taken before it, the rate of its step, and its loss."""

    step: int
    rate: float
    loss: Tensor


class Classifier(LightningModule):
    """Trains a network on images as the data module gives them.

    body_rate: see `parameter_groups`; steps: how many steps the whole training has, for the
    learning-rate schedule; groups: what validation batches test, "clean" first, then the factors;
    classes: how many there are; class_weights: of the loss, float, one for each class, or None.

    Logged after each epoch: train_loss, train_accuracy, validation_accuracy (clean images),
    validation_FACTOR, validation_combined, validation_factors (the mean of the six),
    validation_score (the mean of clean, factors and combined, by which the best checkpoint is
    chosen: the last, which is the hardest, still tells epochs apart when the others are near one),
    rate.
    """

    def __init__(
        self,
        network: Network,
        train: Train,
        *,
        body_rate: float,
        steps: int,
        groups: list[str],
        seed: int,
        classes: int,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.settings = train
        self.body_rate = body_rate
        self.steps = steps
        self.groups = groups
        self.seed = seed
        self.classes = classes
        self.class_weights = class_weights
        self.told = False  # to end: see `Resume`
        self.losses: list[BatchLoss] = []  # those that nobody has looked at yet
        self.images = 0  # that this process has learned from
        # Sums stay on the device: to ask for a value after each step would hold up the next one.
        self.trained = torch.zeros(3)  # loss, right, images
        self.validated = torch.zeros(len(groups), 2)  # right, images

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N x classes) of images, uint8 or float in 0..255, N x H x W x C."""
        return self.network(images.permute(0, 3, 1, 2))

    def on_fit_start(self) -> None:
        double = torch.float64 if self.device.type != "mps" else torch.float32
        self.trained = self.trained.to(self.device, double)
        self.validated = self.validated.to(self.device, double)
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(self.device)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self.loss_of(batch, batch_idx)

    def loss_of(self, batch: Batch, number: int) -> Tensor:
        """The loss of a training batch, by its number in the epoch."""
        # Every draw hangs on that number: a training that was cut off goes on exactly.
        place = ("batch", self.current_epoch, number, self.global_rank)
        seed_generators(self.device, derive_seed(self.seed, *place))
        recipe, labels = self.settings, batch.labels
        inputs = jitter(batch.images, shift=recipe.shift, flip=recipe.flip)
        inputs, targets = blend(inputs, labels, recipe.mixup, recipe.cutmix, self.classes)
        logits = self(inputs)
        # Not the mean: torch divides that by the batch's own weights, and nothing would be balanced.
        loss = functional.cross_entropy(
            logits,
            targets,
            self.class_weights,
            label_smoothing=recipe.label_smoothing,
            reduction="sum",
        ) / len(labels)
        self.losses.append(BatchLoss(self.global_step, self.rate, loss.detach()))
        self.images += len(labels)
        losses, right, images = self.trained.unbind()
        losses.add_(loss.detach(), alpha=len(labels))
        right.add_(_right(logits, labels))
        images.add_(len(labels))
        return loss

    @property
    def rate(self) -> float:
        """The learning rate of the step that comes next."""
        return self.trainer.optimizers[0].param_groups[0]["lr"]

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        sums = self.validated[self.groups.index(batch.group)]
        sums[0] += _right(self(batch.images), batch.labels)
        sums[1] += len(batch.labels)

    def on_validation_epoch_end(self) -> None:
        loss, right, count = self._of_all(self.trained)
        shares = self._of_all(self.validated)
        accuracies = dict(zip(self.groups, shares[:, 0] / shares[:, 1], strict=True))
        clean = accuracies.pop(CLEAN)
        factors = torch.stack([accuracies[name] for name in PIXEL_FACTORS]).mean()
        values = {f"validation_{factor}": accuracy for factor, accuracy in accuracies.items()}
        self.log_dict(
            values
            | {
                "train_loss": loss / count,
                "train_accuracy": right / count,
                "validation_accuracy": clean,
                "validation_factors": factors,
                SCORE: (clean + factors + accuracies[COMBINED]) / 3,
                "rate": self.rate,
                # Lightning counts its loop's turns, which are not always steps.
                "step": float(self.global_step),
                "epoch": float(self.current_epoch),
            }
        )
        self.trained.zero_()
        self.validated.zero_()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["trained"] = self._of_all(self.trained).cpu()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Lightning counts the steps of a `ManySteps` in a place of their own.
        loops, steps = checkpoint["loops"]["fit_loop"], checkpoint["global_step"]
        for count in (
            loops["epoch_loop.manual_optimization.optim_step_progress"],
            loops["epoch_loop.automatic_optimization.optim_progress"]["optimizer"]["step"],
        ):
            count["total"] |= {"ready": steps, "completed": steps}
        if self.global_rank == 0:  # the others begin at zero: it holds what all of them have seen
            self.trained = checkpoint["trained"]

    def configure_gradient_clipping(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        # Lightning's refuses fused optimisers in bf16, where fp16 would need more than it can do.
        if self.settings.clip:
            clip_grad_norm_(self.parameters(), self.settings.clip)

    def configure_optimizers(self) -> Any:
        optimizer = make_optimizer(self.network, self.settings, self.body_rate)
        schedule = make_schedule(optimizer, self.settings, self.steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _of_all(self, sums: Tensor) -> Tensor:
        """The sums of all processes together."""
        return self.trainer.strategy.reduce(sums.clone(), reduce_op="sum")


def seed_generators(device: torch.device, seed: int) -> None:
    """Seed torch's generators for work on one device; `torch.manual_seed` looks for every device
    that there could be, which takes half a millisecond where there are none.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.detach().argmax(1) == labels).sum()
