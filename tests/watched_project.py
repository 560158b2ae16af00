"""What tests of the watch share: a project that is watched, and production in folders."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from constancy.data.packed import PackedSplit
from constancy.paths import CANDIDATE, PREPARED, SUITES
from constancy.serving.predictor import Predictor
from constancy.variation.embedding import Embedding
from constancy.variation.suites import Suite
from constancy.watch.production import measure
from constancy.watch.reference import Splits, measure_reference


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


def write_images(folder: Path, images: np.ndarray) -> Path:
    """A PNG file for each image, uint8, N x H x W x 1."""
    folder.mkdir(parents=True)
    for number, pixels in enumerate(images):
        Pillow.fromarray(pixels[..., 0]).save(folder / f"{number:04}.png")
    return folder
