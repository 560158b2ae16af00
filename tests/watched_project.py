"""A small project of digits with a model that knows them, its suites, and production in folders."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from scored_project import PARAMS, digits, train_model, write_prepared, write_suite

from constancy.data.packed import PackedSplit
from constancy.paths import CANDIDATE, PREPARED, SUITES
from constancy.serving.predictor import Predictor
from constancy.variation.embedding import Embedding
from constancy.variation.suites import Suite
from constancy.watch.production import measure
from constancy.watch.reference import Splits, measure_reference

REPOSITORY = Path(__file__).parents[1]


class Watched:
    """The project in a folder, with what it measures of its own images."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.train, self.validation, self.test = (
            PackedSplit.load(folder / PREPARED / name) for name in ("train", "validation", "test")
        )
        self.suite = Suite.load(folder / SUITES / "test")
        self.predictor = Predictor(folder / CANDIDATE)
        splits = Splits(self.train, self.validation)
        self.reference, found = measure_reference(splits, self.predictor, with_pixels=True)
        assert found
        self.embedding: Embedding = found

    def measured(self, images: np.ndarray) -> dict[str, Any]:
        return measure(self.predictor, self.embedding, np.asarray(images))


def write_watched(folder: Path) -> Watched:
    """A project of 16 x 16 digits with validation images, a suite and a trained model."""
    images, labels = digits(16)
    write_prepared(
        folder / PREPARED, images, labels, [str(digit) for digit in range(10)], tests=270
    )
    train = PackedSplit.load(folder / PREPARED / "train")
    pixels = np.array(train.images)  # in memory: the file that it maps is written anew
    kept = len(train) - 270
    for name, rows in (("train", slice(0, kept)), ("validation", slice(kept, None))):
        place = folder / PREPARED / name
        np.save(place / "images.npy", pixels[rows])
        np.save(place / "labels.npy", train.labels[rows])
        train.index[rows].to_parquet(place / "index.parquet")
    write_suite(folder / SUITES / "test", folder / PREPARED, 100)
    train_model(folder / CANDIDATE, folder / PREPARED, 4, [8, 16])
    (folder / PARAMS).write_text((REPOSITORY / PARAMS).read_text())
    return Watched(folder)


def write_images(folder: Path, images: np.ndarray) -> Path:
    """A PNG file for each image, uint8, N x H x W x 1."""
    folder.mkdir(parents=True)
    for number, pixels in enumerate(images):
        Pillow.fromarray(pixels[..., 0]).save(folder / f"{number:04}.png")
    return folder
