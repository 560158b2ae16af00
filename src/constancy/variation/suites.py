"""Suites: images of a split under every factor, severity and direction; frozen and hashed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.files import read_json
from constancy.settings.base import COMBINED, PIXEL_FACTORS

FACTS = "suite.json"
INDEX = "index.parquet"
INTRA_CLASS = "intra-class.parquet"


@dataclass(frozen=True, eq=False)
class Suite:
    """A split's suite.

    images: for each pixel factor, and for several at once ("combined"), uint8, 5 x D x n x H x W x
    C (memory-mapped): severity, direction, base image. controls: for each factor that has one,
    uint8, 5 x n x H x W x C: see `controls.CONTROLS`; of validation suites there are none. index:
    the n base images, with columns row (in the packed split), id, label.
    intra_class: every image of the split, with columns row, id, severity (1 to 5), distance,
    cluster, within its class from 0 on, and rival, the row of the nearest image of another class.
    directions: the names of each factor's D directions.
    strengths, combine: settings of `variation`, seed, and libraries: names and versions, with which
    the images were made. digest: SHA-256, hexadecimal, over all of that.
    """

    images: dict[str, np.ndarray]
    controls: dict[str, np.ndarray]
    index: pd.DataFrame
    intra_class: pd.DataFrame
    directions: dict[str, list[str]]
    strengths: dict[str, dict[str, list[float]]]
    combine: dict[str, int]
    seed: int
    libraries: dict[str, str]
    digest: str

    def __len__(self) -> int:
        return len(self.index)

    def named_direction(self, factor: str, number: int) -> str | None:
        """What a direction of a factor is called; None where it has but one."""
        names = self.directions[factor]
        return names[number] if len(names) > 1 else None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The suite that lies in `folder`.

        Raises UserError when it is missing, incomplete, or not what its digest was taken of.
        """
        try:
            return cls._read(folder)
        except (ValueError, KeyError, TypeError, EOFError, pa.ArrowInvalid):
            raise UserError(
                f"{folder} holds no suite that can be read: `make run` makes it again"
            ) from None

    @classmethod
    def _read(cls, folder: Path) -> Self:
        facts, index, intra_class = (folder / name for name in (FACTS, INDEX, INTRA_CLASS))
        about = read_json(_there(facts, folder))
        digest = about.pop("digest")
        images = {kind: images_file(folder, kind) for kind in (*PIXEL_FACTORS, COMBINED)}
        controls = {factor: controls_file(folder, factor) for factor in about["controls"]}
        for file in (index, intra_class, *images.values(), *controls.values()):
            _there(file, folder)
        arrays = (_mapped(images), _mapped(controls))
        tables = (pd.read_parquet(index), pd.read_parquet(intra_class))
        if suite_digest(*arrays, *tables, about) != digest:
            raise UserError(
                f"{folder} is not the suite that was made: its digest differs from the recorded one "
                f"({digest[:12]}); `make run` makes it again"
            )
        return cls(
            *arrays,
            *tables,
            directions=about["directions"],
            strengths=about["strengths"],
            combine=about["combine"],
            seed=about["seed"],
            libraries=about["libraries"],
            digest=digest,
        )


def check_suite(folder: Path, suite: Suite, name: str, split: PackedSplit) -> None:
    """Raise UserError unless the suite in `folder` was made of this split, which is called `name`."""
    ids = split.index["id"].to_numpy()
    rows, shape = suite.index["row"].to_numpy(), split.images.shape[1:]
    same = (
        rows.max(initial=0) < len(ids)
        and np.array_equal(ids[rows], suite.index["id"])
        and np.array_equal(split.labels[rows], suite.index["label"])
        and np.array_equal(suite.intra_class["row"], np.arange(len(ids)))
        and np.array_equal(suite.intra_class["id"], ids)
        and all(each.shape[2:] == (len(rows), *shape) for each in suite.images.values())
        and all(each.shape[1:] == (len(rows), *shape) for each in suite.controls.values())
    )
    if not same:
        raise UserError(
            f"{folder} was made from another {name} split than the one at hand: "
            "`make run` makes the suites again"
        )


def suite_digest(
    images: Mapping[str, np.ndarray],
    controls: Mapping[str, np.ndarray],
    index: pd.DataFrame,
    intra_class: pd.DataFrame,
    facts: Mapping[str, Any],
) -> str:
    """SHA-256, hexadecimal, over pixels, tables and facts; one changed pixel makes it another."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for table in (index, intra_class):
        digest.update(json.dumps(table.to_dict("list")).encode())
    for arrays in (images, controls):
        for name in sorted(arrays):
            digest.update(json.dumps([name, *arrays[name].shape]).encode())
            digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def images_file(folder: Path, kind: str) -> Path:
    """Where a suite keeps the images of a factor, or of several."""
    return folder / kind / "images.npy"


def controls_file(folder: Path, factor: str) -> Path:
    """Where a suite keeps the controls of a factor."""
    return folder / factor / "controls.npy"


def _there(file: Path, folder: Path) -> Path:
    if not file.is_file():
        raise UserError(
            f"{folder} holds no whole suite: {file} is missing; `make run` makes it again"
        )
    return file


def _mapped(files: Mapping[str, Path]) -> dict[str, np.ndarray]:
    return {name: np.load(file, mmap_mode="r", allow_pickle=False) for name, file in files.items()}
