"""Pictures and splits for the tests of the factors, made on the spot."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit
from constancy.variation.light import Lighting
from constancy.variation.waves import draw_pattern


def picture(number: int, shape: tuple[int, int, int] = (32, 32, 1)) -> np.ndarray:
    """A lumpy bright object on a plain dark ground: uint8; each number gives another one."""
    height, width, channels = shape
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:height, :width]
    image = np.full(shape, 20.0)
    for _ in range(4):
        row, column = rng.uniform(0.3, 0.7, 2) * (height, width)
        spread = 2 * (0.1 * min(height, width)) ** 2
        lump = np.exp(-((y - row) ** 2 + (x - column) ** 2) / spread)
        image += lump[:, :, None] * rng.uniform(40, 110, channels)
    return image.clip(0, 255).astype(np.uint8)


def split_of(images: np.ndarray, labels: np.ndarray) -> PackedSplit:
    """A split of these images, in the order of their ids."""
    ids = np.array([hashlib.sha256(image.tobytes()).hexdigest()[:16] for image in images])
    order = np.argsort(ids, kind="stable")
    index = pd.DataFrame({"id": ids[order], "path": [f"{row}.png" for row in order]})
    index["group"], index["sha256"] = None, ""
    return PackedSplit(images[order], np.asarray(labels, np.int64)[order], index)


def split(
    count: int = 24, shape: tuple[int, int, int] = (16, 16, 1), classes: int = 3, first: int = 0
) -> PackedSplit:
    """A split of `count` pictures of as many numbers from `first` on."""
    images = np.stack([picture(number, shape) for number in range(first, first + count)])
    return split_of(images, np.arange(count) % classes)


def lighting(shape: tuple[int, int, int], seed: int = 0, **light: Any) -> Lighting:
    """Light on a picture of a shape, its pattern drawn."""
    return Lighting(shape, draw_pattern(np.random.default_rng(seed), *shape[:2]), **light)
