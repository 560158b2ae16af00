"""Packed splits: a few large arrays that training and evaluation read without decoding anything."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap

from constancy.files import read_json, write_json
from constancy.settings.data import Image

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class PackedSplit:
    """One split of the prepared images.

    images: uint8, N x H x W x C (memory-mapped); labels: int64, N, positions in `Dataset.classes`;
    index: N rows with columns id, path, group, sha256. Rows are in the order of (id, path).
    """

    images: np.ndarray
    labels: np.ndarray
    index: pd.DataFrame

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The split that lies in `folder`."""
        return cls(
            np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False),
            np.load(folder / "labels.npy", allow_pickle=False),
            pd.read_parquet(folder / "index.parquet"),
        )


@dataclass(frozen=True)
class Dataset:
    """What the three splits have in common.

    mean, std: for each channel, over the training pixels, in 0..255.
    """

    classes: list[str]
    image: Image
    mean: list[float]
    std: list[float]

    def save(self, folder: Path) -> None:
        values = {"classes": self.classes, "image": self.image.model_dump()}
        write_json(folder / "dataset.json", values | {"mean": self.mean, "std": self.std})

    @classmethod
    def load(cls, folder: Path) -> Self:
        values: dict[str, Any] = read_json(folder / "dataset.json")
        return cls(**values | {"image": Image.model_validate(values["image"])})


def create_array(path: Path, shape: tuple[int, ...], dtype: Any = np.uint8) -> np.memmap:
    """A new .npy file, memory-mapped for writing, with its space on the disk reserved.

    Without the reservation a full disk would end the process with SIGBUS in the middle of a write;
    with it, this call raises OSError (ENOSPC).
    """
    array = open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, max(path.stat().st_size, 1))
    return array
