"""Suites: images of a split under every factor, severity and direction; frozen and hashed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from constancy.errors import UserError
from constancy.files import read_json
from constancy.settings.base import PIXEL_FACTORS

FACTS = "suite.json"
INDEX = "index.parquet"
INTRA_CLASS = "intra-class.parquet"


@dataclass(frozen=True, eq=False)
class Suite:
    """A split's suite.

    images: for each pixel factor uint8, 5 x D x n x H x W x C (memory-mapped): severity, direction,
    base image. index: the n base images, with columns row (in the packed split), id, label.
    intra_class: every image of the split, with columns row, id, severity (1 to 5), distance.
    directions: the names of each factor's D directions. strengths: settings `variation.strengths`
    and libraries: names and versions, with which the images were made. digest: SHA-256,
    hexadecimal, over all of that.
    """

    images: dict[str, np.ndarray]
    index: pd.DataFrame
    intra_class: pd.DataFrame
    directions: dict[str, list[str]]
    strengths: dict[str, dict[str, list[float]]]
    libraries: dict[str, str]
    digest: str

    def __len__(self) -> int:
        return len(self.index)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The suite that lies in `folder`. Raises UserError when it is missing or incomplete."""
        images = {factor: images_file(folder, factor) for factor in PIXEL_FACTORS}
        facts, index, intra_class = (folder / name for name in (FACTS, INDEX, INTRA_CLASS))
        for file in (facts, index, intra_class, *images.values()):
            if not file.is_file():
                raise UserError(
                    f"{folder} holds no whole suite: {file} is missing; `make run` makes it again"
                )
        about = read_json(facts)
        return cls(
            {
                name: np.load(file, mmap_mode="r", allow_pickle=False)
                for name, file in images.items()
            },
            pd.read_parquet(index),
            pd.read_parquet(intra_class),
            directions=about["directions"],
            strengths=about["strengths"],
            libraries=about["libraries"],
            digest=about["digest"],
        )


def suite_digest(
    images: Mapping[str, np.ndarray],
    index: pd.DataFrame,
    intra_class: pd.DataFrame,
    facts: Mapping[str, Any],
) -> str:
    """SHA-256, hexadecimal, over pixels, tables and facts; one changed pixel makes it another."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for table in (index, intra_class):
        digest.update(json.dumps(table.to_dict("list")).encode())
    for factor in sorted(images):
        digest.update(json.dumps([factor, *images[factor].shape]).encode())
        digest.update(np.ascontiguousarray(images[factor]).data)
    return digest.hexdigest()


def images_file(folder: Path, factor: str) -> Path:
    """Where a suite keeps the images of a factor."""
    return folder / factor / "images.npy"
