"""Training as a whole: build, fit, and take the best weights."""

import signal
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import EarlyStopping, EMAWeightAveraging
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor

from constancy.allocator import keep_freed_memory
from constancy.data.packed import Dataset
from constancy.errors import UserError
from constancy.models.disk import ModelCard
from constancy.models.network import Network
from constancy.models.transfer import start
from constancy.seeds import derive_seed
from constancy.settings import Settings
from constancy.settings.model import Model
from constancy.settings.train import Train
from constancy.training.callbacks import History, ProgressBar, ProgressLines, Speed
from constancy.training.choices import Choices, choices_of
from constancy.training.data import ImageData
from constancy.training.debug import profiler
from constancy.training.finite import Finite
from constancy.training.launch import end_with_parent, processes, search_no_driver, trainer_devices
from constancy.training.memory import out_of_memory, release
from constancy.training.mix import AdaptiveMix
from constancy.training.module import CLEAN, SCORE, Classifier
from constancy.training.quiet import quiet_lightning
from constancy.training.resume import BEST, LAST, Best, Resume, WholeCheckpoints
from constancy.training.steps import ManySteps

HISTORY_FILE = "history.csv"
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}


@dataclass(frozen=True)
class Fitted:
    """A trained network with the weights of its best epoch, and how it came to be.

    history: a CSV file with a row for each epoch; score: the best validation score, 0..1; seconds,
    images_per_second: of this process, from its first batch to its last validation.
    """

    network: Network
    card: ModelCard
    choices: Choices
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
            "choices": asdict(self.choices),
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
    settings: Settings,
    *,
    workspace: Path,
    logger: Logger | None,
    first: bool = True,
    tell: Callable[[Choices], None] = lambda _: None,
) -> Fitted:
    """Train a network, fresh or from the weights that the settings name, or go on from the
    state that a training left in `workspace`.

    workspace: a folder for that state, the best checkpoint and the history file; logger: gets the
    same metrics, or None; first: whether this is the first of the training's processes; tell: called
    with what was found by trial, before the training, and again where memory makes it change.

    Raises UserError if this machine has not the devices asked for or too little memory, if the
    loss is no longer finite, and as `start` does; SystemExit (143), with the state saved, when
    SIGTERM says to end.
    """
    quiet_lightning()
    search_no_driver()
    keep_freed_memory()
    # What deterministic algorithms would fill first, each of them writes whole: up to an eighth of
    # a step's time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if not first:
        end_with_parent()
    workspace.mkdir(parents=True, exist_ok=True)
    counts = {"images": len(data.train), "validation": data.validation_images}
    choices = choices_of(workspace, card, settings, **counts, first=first)
    mix = data.mix
    while True:
        tell(choices)
        data.mix = deepcopy(mix)  # what an attempt learned is no part of the next one
        try:
            return _fit(card, data, settings, choices, workspace, logger)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            if (workspace / LAST).exists():
                raise UserError(
                    f"memory ran out, where {choices.batch_size} images at once did fit before: stop "
                    "what else takes it and run again to go on, or lower train.batch_size to "
                    "start anew"
                ) from None
            if torch.distributed.is_initialized():
                raise UserError(
                    "memory ran out, and several processes cannot start again by themselves: "
                    "lower train.batch_size, and raise train.accumulate"
                ) from None
        release()
        choices = _with_less_memory(choices, workspace)


def balanced(labels: np.ndarray, classes: int) -> Tensor:
    """A weight for each class, so that all count alike: float, K; over all images their mean is 1.

    labels: int64, N; a class that is not among them weighs nothing.
    """
    counts = np.bincount(labels, minlength=classes)
    there = counts > 0
    weights = np.divide(len(labels), there.sum() * counts, where=there, out=np.zeros(classes))
    return torch.from_numpy(weights).float()


def _fit(
    card: ModelCard,
    data: ImageData,
    settings: Settings,
    choices: Choices,
    workspace: Path,
    logger: Logger | None,
) -> Fitted:
    model, train, seed = settings.model, settings.train, settings.seed
    torch.manual_seed(derive_seed(seed, "weights"))
    network = card.build()
    start(network, model)
    if choices.compile:
        network.compile()
    data.batch_size = choices.batch_size
    batches = -(-len(data.train) // choices.batch_size)
    average = EMAWeightAveraging(decay=train.ema) if train.ema else None
    make: Callable[..., Classifier] = Classifier
    alone = processes(train) == 1 and train.strategy == "auto"
    if many := alone and train.debug != "profile":  # which tells of Lightning's own steps
        make = partial(ManySteps, accumulate=choices.accumulate, average=average)
    classifier = make(
        network,
        train,
        body_rate=model.body_rate,
        steps=choices.epochs * -(-batches // choices.accumulate),
        groups=[CLEAN, *data.suite.images],
        seed=seed,
        classes=len(card.classes),
        class_weights=balanced(data.train.labels, len(card.classes))
        if train.class_weights
        else None,
    )
    best = Best(workspace, SCORE)
    speed, last, terminal = Speed(classifier), workspace / LAST, sys.stderr.isatty()
    finite = Finite(last, classifier.losses)
    trainer = _trainer(
        train,
        precision=PRECISIONS[choices.precision],
        max_epochs=choices.epochs,
        accumulate_grad_batches=1 if many else choices.accumulate,
        logger=logger or False,
        callbacks=[
            best,
            EarlyStopping(SCORE, mode="max", patience=train.patience),
            History(workspace / HISTORY_FILE),
            speed,
            finite,
            *([data.mix] if isinstance(data.mix, AdaptiveMix) else []),
            *([average] if average else []),
            ProgressBar(len(data.train), choices.epochs) if terminal else ProgressLines(),
            Resume(last, finite, classifier),  # after all others, whose state it saves
        ],
        plugins=[WholeCheckpoints()],
        profiler=profiler(train, workspace.parent),
        enable_progress_bar=False,
        log_every_n_steps=batches,
        deterministic="warn",
        num_sanity_val_steps=0,
        enable_model_summary=False,
        default_root_dir=workspace,
    )
    if choices.batch_size <= 2 * trainer.world_size:
        raise UserError(
            f"train.batch_size: {choices.batch_size} images are too few for {trainer.world_size} "
            f"devices: at least {2 * trainer.world_size + 1}"
        )
    try:
        trainer.fit(
            classifier,
            datamodule=data,
            ckpt_path=last if last.exists() else None,
            weights_only=True,
        )
    except SIGTERMException:
        if trainer.is_global_zero:
            again = "go on from here" if last.exists() else "start anew: nothing was saved yet"
            print(f"train: told to end; run again to {again}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    saved = torch.load(workspace / BEST, weights_only=True, map_location="cpu")
    classifier.load_state_dict(saved["state_dict"])
    trainer.strategy.barrier()  # all have read it: the first process removes the workspace in the end
    return Fitted(
        network=network.cpu().eval(),
        card=card,
        choices=choices,
        history=workspace / HISTORY_FILE,
        epochs=trainer.current_epoch,
        best_epoch=saved["epoch"],
        score=float(best.best_model_score or 0.0),
        seconds=speed.seconds,
        images_per_second=speed.images_per_second,
    )


def _trainer(train: Train, **options: Any) -> Trainer:
    """A trainer on the devices that the settings name; UserError if this machine has them not."""
    try:
        return Trainer(**trainer_devices(train), **options)
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


def _with_less_memory(choices: Choices, workspace: Path) -> Choices:
    """Half as many images at once, from the start: another batch size is another training."""
    less = choices.halved()
    for file in workspace.glob("*.ckpt"):
        file.unlink(missing_ok=True)
    less.save(workspace)
    print(
        f"train: memory ran out; starting again with {less.batch_size} images at once, "
        f"{less.accumulate} times in a step",
        file=sys.stderr,
    )
    return less
