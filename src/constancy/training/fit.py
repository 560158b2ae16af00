"""Training as a whole: build, fit, and take the best weights."""

import logging
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    TQDMProgressBar,
)
from pytorch_lightning.loggers import Logger

from constancy.data.packed import Dataset
from constancy.models.disk import ModelCard
from constancy.models.network import Network
from constancy.seeds import derive_seed
from constancy.settings.model import Model
from constancy.settings.train import Train
from constancy.training.callbacks import History, ProgressLines
from constancy.training.data import ImageData
from constancy.training.module import Classifier

SCORE = "validation_score"
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class Fitted:
    """A trained network with the weights of its best epoch, and how it came to be.

    score: the best validation score, 0..1; images_per_second: training images, validation included
    in the time.
    """

    network: Network
    card: ModelCard
    epochs: int
    best_epoch: int
    score: float
    seconds: float
    images_per_second: float


def describe(model: Model, dataset: Dataset) -> ModelCard:
    """The card of the network that the settings name, for this data set."""
    structure = getattr(model, model.name).model_dump()
    image = dataset.image.model_dump()
    return ModelCard(model.name, structure, dataset.classes, image, dataset.mean, dataset.std)


def fit(
    card: ModelCard,
    data: ImageData,
    train: Train,
    *,
    seed: int,
    checkpoints: Path,
    history: Path,
    logger: Logger | None,
) -> Fitted:
    """Train a fresh network.

    checkpoints: a folder for the best and the last checkpoint; history: the CSV file that gets a
    row for each epoch; logger: gets the same metrics, or None.
    """
    _quiet()
    torch.manual_seed(derive_seed(seed, "weights"))
    network = card.build()
    batches = -(-len(data.train) // train.batch_size)
    groups = ["clean", *data.suite.factors]
    classifier = Classifier(network, train, steps=train.epochs * batches, groups=groups, seed=seed)
    best = ModelCheckpoint(
        checkpoints,
        filename="best",
        monitor=SCORE,
        mode="max",
        save_last=True,
        enable_version_counter=False,
    )
    trainer = Trainer(
        accelerator=train.accelerator,
        devices=train.devices,
        strategy=train.strategy,
        precision=PRECISIONS[train.precision],  # type: ignore[arg-type]
        max_epochs=train.epochs,
        logger=logger or False,
        callbacks=[
            best,
            EarlyStopping(SCORE, mode="max", patience=train.patience),
            History(history),
            _progress(),
        ],
        deterministic="warn",
        num_sanity_val_steps=0,
        enable_model_summary=False,
        default_root_dir=checkpoints,
    )
    start = time.monotonic()
    trainer.fit(classifier, datamodule=data)
    seconds = time.monotonic() - start
    saved = torch.load(best.best_model_path, weights_only=True, map_location="cpu")
    classifier.load_state_dict(saved["state_dict"])
    epochs = trainer.current_epoch
    return Fitted(
        network=classifier.network.cpu().eval(),
        card=card,
        epochs=epochs,
        best_epoch=saved["epoch"],
        score=float(best.best_model_score or 0.0),
        seconds=seconds,
        images_per_second=epochs * len(data.train) / seconds,
    )


def _progress() -> Callback:
    return TQDMProgressBar(refresh_rate=20) if sys.stderr.isatty() else ProgressLines()


def _quiet() -> None:
    """Silence what Lightning tells at every start and what no user can act on."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.accelerators.cuda").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*treespec.*LeafSpec.*",
        ".*Checkpoint directory.*",
    ):
        warnings.filterwarnings("ignore", message=message)
