"""Packed splits: a few large arrays that training and evaluation read without decoding anything."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.format import header_data_from_array_1_0, open_memmap, write_array_header_1_0

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

    def first(self, count: int) -> "PackedSplit":
        """The split's first rows, which are as good as drawn: ids are hashes."""
        return PackedSplit(self.images[:count], self.labels[:count], self.index[:count])

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


def open_array(path: Path) -> np.ndarray:
    """An array that `create_array` made, to write into from wherever the file can be reached.

    A plain array on the file's memory: slicing np.memmap itself takes longer than small writes.
    """
    return np.asarray(open_memmap(path, mode="r+"))


def write_split(
    folder: Path, images: Iterable[np.ndarray], labels: np.ndarray, index: pa.RecordBatchReader
) -> None:
    """Write a packed split, as `PackedSplit` reads it, into the new folder `folder`.

    images: uint8, in chunks n x H x W x C, as many as labels together (an empty chunk, if none);
    they are written, not mapped: mapped pages count as memory of the process that touches them.
    index: its rows, in parts.
    """
    folder.mkdir()
    with (folder / "images.npy").open("wb") as file:
        for number, chunk in enumerate(images):
            if not number:
                header = header_data_from_array_1_0(chunk)
                write_array_header_1_0(file, header | {"shape": (len(labels), *chunk.shape[1:])})
            file.write(np.ascontiguousarray(chunk).data)
    np.save(folder / "labels.npy", labels, allow_pickle=False)
    with pq.ParquetWriter(folder / "index.parquet", index.schema) as writer:
        for part in index:
            writer.write_batch(part)
