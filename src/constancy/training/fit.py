"""Training as a whole: build, fit, and take the best weights."""

import logging
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import Logger

from constancy.data.packed import Dataset
from constancy.errors import UserError
from constancy.models.disk import ModelCard
from constancy.models.network import Network
from constancy.models.transfer import start
from constancy.seeds import derive_seed
from constancy.settings.model import Model
from constancy.settings.train import Train
from constancy.training.callbacks import History, ProgressLines
from constancy.training.data import ImageData
from constancy.training.mix import AdaptiveMix
from constancy.training.module import Classifier

SCORE = "validation_score"
HISTORY_FILE = "history.csv"
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class Fitted:
    """A trained network with the weights of its best epoch, and how it came to be.

    history: a CSV file with a row for each epoch; score: the best validation score, 0..1;
    images_per_second: training images, validation included in the time.
    """

    network: Network
    card: ModelCard
    history: Path
    epochs: int
    best_epoch: int
    score: float
    seconds: float
    images_per_second: float

    def record(self) -> dict[str, Any]:
        """What reports/run.json says of the training: the same again for the same inputs."""
        return {
            "network": self.card.name,
            "parameters": sum(each.numel() for each in self.network.parameters()),
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "validation_score": self.score,
        }


def describe(model: Model, dataset: Dataset, images: int) -> ModelCard:
    """The card of the network that the settings name, for so many training images of this data set."""
    name = model.choose(dataset.image.size, images)
    structure = model.structure(name)
    image = dataset.image.model_dump()
    return ModelCard(name, structure, dataset.classes, image, dataset.mean, dataset.std)


def fit(
    card: ModelCard,
    data: ImageData,
    model: Model,
    train: Train,
    *,
    seed: int,
    workspace: Path,
    logger: Logger | None,
) -> Fitted:
    """Train a fresh network, or one that starts from the weights that the model's settings name.

    workspace: a folder for the best and the last checkpoint and the history file; logger: gets the
    same metrics, or None. Raises UserError if this machine has not the devices asked for, and as
    `start` does.
    """
    _quiet()
    terminal = sys.stderr.isatty()
    torch.manual_seed(derive_seed(seed, "weights"))
    network = card.build()
    start(network, model)
    batches = -(-len(data.train) // train.batch_size)
    groups = ["clean", *data.suite.images]
    classifier = Classifier(
        network,
        train,
        body_rate=model.body_rate,
        steps=train.epochs * batches,
        groups=groups,
        seed=seed,
    )
    workspace.mkdir(parents=True, exist_ok=True)
    best = ModelCheckpoint(
        workspace,
        filename="best",
        monitor=SCORE,
        mode="max",
        save_last=True,
        enable_version_counter=False,
    )
    trainer = _trainer(
        train,
        max_epochs=train.epochs,
        logger=logger or False,
        callbacks=[
            best,
            EarlyStopping(SCORE, mode="max", patience=train.patience),
            History(workspace / HISTORY_FILE),
            *([data.mix] if isinstance(data.mix, AdaptiveMix) else []),
            *([] if terminal else [ProgressLines()]),
        ],
        enable_progress_bar=terminal,
        log_every_n_steps=batches,
        deterministic="warn",
        num_sanity_val_steps=0,
        enable_model_summary=False,
        default_root_dir=workspace,
    )
    began = time.monotonic()
    trainer.fit(classifier, datamodule=data)
    seconds = time.monotonic() - began
    saved = torch.load(best.best_model_path, weights_only=True, map_location="cpu")
    classifier.load_state_dict(saved["state_dict"])
    epochs = trainer.current_epoch
    return Fitted(
        network=classifier.network.cpu().eval(),
        card=card,
        history=workspace / HISTORY_FILE,
        epochs=epochs,
        best_epoch=saved["epoch"],
        score=float(best.best_model_score or 0.0),
        seconds=seconds,
        images_per_second=epochs * len(data.train) / seconds,
    )


def _trainer(train: Train, **options: Any) -> Trainer:
    """A trainer on the devices that the settings name; UserError if this machine has them not."""
    try:
        return Trainer(
            accelerator=train.accelerator,
            devices=train.devices,
            strategy=train.strategy,
            precision=PRECISIONS[train.precision],  # type: ignore[arg-type]
            **options,
        )
    except (MisconfigurationException, ValueError) as error:
        gpus = torch.cuda.device_count()
        if train.accelerator == "gpu" and not gpus:
            key = "accelerator"
        elif train.devices != "auto" and train.devices > gpus:
            key = "devices"
        else:
            key = "strategy"
        value, reason = getattr(train, key), " ".join(str(error).split())
        raise UserError(f"train.{key}: '{value}' does not fit this machine: {reason}") from None


def _quiet() -> None:
    """Silence what Lightning tells at every start and what no user can act on."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.accelerators.cuda").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*treespec.*LeafSpec.*",
        ".*Checkpoint directory.*",
        ".*in eval mode at the start of training.*",  # frozen batch norms
        ".*sync_dist=True.*",  # torchmetrics has gathered from all processes already
    ):
        warnings.filterwarnings("ignore", message=message)
