"""Why convolution: a dense and a convolutional network, on images and on the same with their pixels
shuffled.

One order for all images takes nothing away that a dense network could use: to it a pixel has no
neighbours. What a convolutional network loses is what it gained from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from constancy.data.packed import Dataset, PackedSplit
from constancy.evaluation.bootstrap import Interval, gain_interval
from constancy.evaluation.predict import predict_logits
from constancy.seeds import generator
from constancy.settings import Settings
from constancy.settings.train import Mix
from constancy.training.data import ImageData
from constancy.training.fit import describe, fit
from constancy.training.mix import choose_mix

NETWORKS = {"dense": "mlp", "convolutional": "cnn"}


@dataclass(frozen=True)
class Outcome:
    """Accuracy of a kind of network ("dense" or "convolutional") on clean test images, 0..1, trained
    and tested on the images as they are, and with their pixels shuffled; lost_interval: of what that
    costs, 95 % (see `gain_interval`); count: how many test images there are.
    """

    network: str
    natural: float
    shuffled: float
    lost_interval: Interval
    count: int


def pixel_order(side: int, seed: int) -> np.ndarray:
    """The order in which pixels stand in shuffled images: int64, side x side."""
    return generator(seed, "why convolution").permutation(side * side)


def shuffle_pixels(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The images with their pixels in that order; ... x H x W x C, colours of a pixel stay together."""
    *leading, height, width, channels = images.shape
    flat = np.asarray(images).reshape(*leading, height * width, channels)
    return flat[..., order, :].reshape(images.shape)


def compare_networks(settings: Settings, prepared: Path, suites: Path) -> Iterator[Outcome]:
    """Train each network on each kind of images, by the recipe of the settings but for copies, shifts
    and mirroring, which know what is beside what.
    """
    plain = {"mix": Mix.model_validate({"untouched": 1}), "shift": 0, "flip": False, "debug": None}
    plain |= {"mixup": 0.0, "cutmix": 0.0}
    order = pixel_order(settings.data.image.size, settings.seed)
    test = PackedSplit.load(prepared / "test")
    for kind, name in NETWORKS.items():
        model = settings.model.model_copy(
            update={"name": name, "weights": None, "freeze": [], "body_rate": 1.0}
        )
        train = settings.train.model_copy(update=plain)
        changed = settings.model_copy(update={"train": train, "model": model})
        rights = []
        for images in (test.images, shuffle_pixels(test.images, order)):
            data = ImageData(
                prepared, prepared, suites, mix=choose_mix(changed), seed=settings.seed
            )
            if images is not test.images:
                _shuffle(data, order)
            card = describe(model, Dataset.load(prepared), len(data.train))
            with TemporaryDirectory(prefix="constancy-") as workspace:
                fitted = fit(card, data, changed, workspace=Path(workspace), logger=None)
            answers = predict_logits(fitted.network, images, settings.evaluate.batch_size)
            rights.append((answers.argmax(-1) == test.labels).astype(np.float64))
        natural, shuffled = rights
        limits = gain_interval(natural - shuffled, generator(0, "why convolution", kind))
        yield Outcome(kind, float(natural.mean()), float(shuffled.mean()), limits, len(test))


def _shuffle(data: ImageData, order: np.ndarray) -> None:
    """Shuffle all pixels that training and its validation see."""
    data.train, data.validation = (
        replace(split, images=shuffle_pixels(split.images, order))
        for split in (data.train, data.validation)
    )
    data.sources = dict.fromkeys(data.sources, data.train.images[None])
    varied = {name: shuffle_pixels(each, order) for name, each in data.suite.images.items()}
    data.suite = replace(data.suite, images=varied)
