"""What a training does on this machine where its settings leave it open: measured once, then kept."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import ceil
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from constancy.errors import UserError
from constancy.files import read_json, write_json
from constancy.models.disk import ModelCard
from constancy.models.network import Network
from constancy.models.transfer import start
from constancy.settings import Settings
from constancy.settings.base import Precision
from constancy.settings.train import Train
from constancy.training.launch import processes
from constancy.training.memory import half_of, out_of_memory, release
from constancy.training.optimization import make_optimizer

FILE = "choices.json"
CLEARLY = 1.3  # times as fast: below, bf16 is not worth its lesser exactness
_MEASURE = 0.5  # seconds for each precision
_WORTHWHILE = 600.0  # seconds of training: below, compiling cannot pay back
_PAYS_BACK = 0.9  # of the time without it that a training takes with it, compiling included
_OVERHEAD = 1.1  # of a whole epoch over its steps and its validation, about
_AROUND = 0.001  # seconds of each step that are not the network's, about
_PATIENCE = 600.0  # seconds that one process waits for another one's choices


@dataclass(frozen=True)
class Choices:
    """epochs: at the most; batch_size: images at once; accumulate: batches that make a step."""

    precision: Precision
    compile: bool
    epochs: int
    batch_size: int
    accumulate: int

    def halved(self) -> "Choices":
        """Half as many images at once, and the same in a step; UserError if these are too few."""
        return replace(self, batch_size=half_of(self.batch_size), accumulate=2 * self.accumulate)

    def save(self, workspace: Path) -> None:
        write_json(workspace / FILE, asdict(self))


def choices_of(
    workspace: Path,
    card: ModelCard,
    settings: Settings,
    *,
    images: int,
    validation: int,
    first: bool,
) -> Choices:
    """The choices of this training: those made before, in `workspace`, or else new ones.

    images, validation: how many there are of each in an epoch; first: whether this process is the
    one that chooses, or one of those that wait for it. Raises UserError if they wait in vain, and
    where even a few images at once need more memory than there is.
    """
    file = workspace / FILE
    if first and not file.exists():
        choose(card, settings, images=images, validation=validation).save(workspace)
    end = time.monotonic() + _PATIENCE
    while not file.exists():
        if time.monotonic() > end:
            raise UserError(
                f"the first process has not written {file} within {_PATIENCE / 60:.0f} minutes: "
                "start all, with the project in a folder that their machines share"
            )
        time.sleep(0.1)
    return Choices(**read_json(file))


def choose(card: ModelCard, settings: Settings, *, images: int, validation: int) -> Choices:
    """What is faster here, by trial steps of the network on noise, and how many epochs there is time for."""
    train = settings.train
    precision: Precision = "bf16" if train.precision == "bf16" else "fp32"
    chosen = Choices(
        precision, train.compile == "always", train.epochs, train.batch_size, train.accumulate
    )
    if "auto" not in (train.precision, train.compile) and not train.minutes:
        return chosen
    while True:
        try:
            share = -(-min(chosen.batch_size, images) // processes(train))
            chosen = _by_trial(Trial(card, settings, share), train, chosen, images, validation)
            break
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
        release()
        chosen = chosen.halved()
    compiled = ", compiled" if chosen.compile else ""
    told = f"{chosen.precision}{compiled}, {chosen.epochs} epochs at the most"
    print(f"train: by trial, {told}", file=sys.stderr)
    return chosen


def _by_trial(
    trial: "Trial", train: Train, chosen: Choices, images: int, validation: int
) -> Choices:
    """The choices with what the settings leave open."""
    precision = faster_precision(trial) if train.precision == "auto" else chosen.precision
    step, compiled, epochs = trial.seconds(precision), chosen.compile, chosen.epochs
    # An image is validated in about a third of the time that it takes to learn from it.
    steps = ceil(images / chosen.batch_size)
    epoch = _OVERHEAD * (steps * (step + _AROUND) + step * validation / chosen.batch_size / 3)
    if train.minutes:
        epochs = max(1, min(epochs, int(60 * train.minutes / epoch)))
    if train.compile == "auto":
        compiled = _pays_back(trial, precision, epochs * epoch, step)
    return replace(chosen, precision=precision, compile=compiled, epochs=epochs)


class Trial:
    """Steps of the network on so many images of noise, on the device that training will use."""

    def __init__(self, card: ModelCard, settings: Settings, images: int) -> None:
        train, model = settings.train, settings.model
        gpu = torch.cuda.is_available() and train.accelerator != "cpu"
        self.device = torch.device("cuda" if gpu else "cpu")
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network: Network = card.build()
            start(self.network, model)
            self.network.to(self.device).train()
            size, channels = card.image["size"], len(card.mean)
            shape = (images, size, size, channels)
            self.images = torch.randint(0, 256, shape, dtype=torch.uint8, device=self.device)
            self.labels = torch.randint(0, len(card.classes), shape[:1], device=self.device)
        self.optimizer = make_optimizer(self.network, train, model.body_rate)

    def seconds(self, precision: Precision, *, compiled: bool = False) -> float:
        """Of a step: the least of as many as fit into the time for a trial."""
        network = torch.compile(self.network) if compiled else self.network
        took = [self._step(network, precision)]
        end = time.monotonic() + _MEASURE
        while len(took) < 3 or time.monotonic() < end:
            took.append(self._step(network, precision))
        return min(took)

    def _step(self, network: Callable[[Tensor], Tensor], precision: Precision) -> float:
        start = time.perf_counter()
        low = precision == "bf16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=low):
            loss = functional.cross_entropy(network(self.images.permute(0, 3, 1, 2)), self.labels)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        loss.item()  # which waits for the device
        return time.perf_counter() - start


def faster_precision(trial: Trial) -> Precision:
    """bf16 where it is clearly faster, else fp32."""
    if trial.device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return "fp32"
    return "bf16" if trial.seconds("fp32") >= CLEARLY * trial.seconds("bf16") else "fp32"


def _pays_back(trial: Trial, precision: Precision, training: float, step: float) -> bool:
    """Whether a training of so many seconds would be over sooner with compiled steps."""
    if training < _WORTHWHILE:
        return False
    start = time.monotonic()
    try:
        faster = trial.seconds(precision, compiled=True)
    except Exception as error:  # whatever a compiler may raise, training goes on without it
        print(
            f"train: compiling failed ({type(error).__name__}), going on without", file=sys.stderr
        )
        return False
    took = time.monotonic() - start
    return took + training * faster / step < _PAYS_BACK * training
