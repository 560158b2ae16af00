"""Suites: images of a split under every factor, severity and direction; frozen and hashed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.files import read_json, replacing, write_json
from constancy.seeds import derive_seed
from constancy.settings.base import PIXEL_FACTORS
from constancy.settings.variation import Variation
from constancy.variation.embedding import Embedding, intra_class_severity

_FACTS = "suite.json"
_INDEX = "index.parquet"
_INTRA_CLASS = "intra-class.parquet"


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
        images = {factor: _images_file(folder, factor) for factor in PIXEL_FACTORS}
        facts, index, intra_class = (folder / name for name in (_FACTS, _INDEX, _INTRA_CLASS))
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


def write_suites(
    name: str,
    split: PackedSplit,
    embedding: Embedding,
    variation: Variation,
    count: int,
    seed: int,
    folder: Path,
    *,
    workers: int | None = None,
) -> None:
    """Write the suite of a split into `folder`, whole or not at all; see `Suite` for what it holds.

    name: "test" has every direction of each factor; "validation" one image at each severity, in a
    random direction. count: base images, at the most. A variant depends on the seed, the split's
    name, factor, severity, direction and the image's id (and, where foreign objects are drawn, on
    the split's images), never on the number of workers or the order of their work.

    Raises UserError where foreign objects are needed and all images are of one class.
    """
    # Reading a suite, as training does, needs neither these nor OpenCV.
    from constancy.variation.factors import ANY, FACTORS
    from constancy.variation.variants import write_variants

    ids = split.index["id"].tolist()
    base = choose_base(ids, split.labels, count, seed)
    index = pd.DataFrame(
        {"row": base, "id": [ids[row] for row in base], "label": split.labels[base]}
    )
    distances = embedding.distances(split.images, split.labels)
    intra_class = pd.DataFrame(
        {
            "row": np.arange(len(split)),
            "id": ids,
            "severity": intra_class_severity(distances, split.labels),
            "distance": distances,
        }
    )
    directions = {
        factor: list(FACTORS[factor].directions) if name == "test" else [ANY]
        for factor in PIXEL_FACTORS
    }
    with replacing(folder) as (new,):
        new.mkdir()
        files = {factor: _images_file(new, factor) for factor in PIXEL_FACTORS}
        purpose = (seed, "suite", name)
        images = write_variants(files, directions, split, index, variation, purpose, workers)
        index.to_parquet(new / _INDEX, index=False)
        intra_class.to_parquet(new / _INTRA_CLASS, index=False)
        facts = {
            "seed": seed,
            "images": len(index),
            "directions": directions,
            "strengths": variation.strengths.model_dump(),
            "libraries": _libraries(),
        }
        digest = suite_digest(images, index, intra_class, facts)
        write_json(new / _FACTS, {"digest": digest, **facts})


def choose_base(ids: list[str], labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows of the images that are varied, rising: int64, all or `count` of them.

    Within a class images are taken in the order of a hash of their ids, and classes in turn, in
    proportion to their sizes: the image of rank r among the m of its class comes at (r + 1/2) / m
    (the divisor method of Webster). More images in a split or a higher count move few: one more
    image takes one other's place, and those chosen for a lower count stay.
    """
    hashes = np.array([derive_seed(seed, "base", sample) for sample in ids], dtype=np.int64)
    turns = np.empty(len(ids))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        ordered = rows[np.argsort(hashes[rows], kind="stable")]
        turns[ordered] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(np.lexsort((hashes, turns))[:count])


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


def _images_file(folder: Path, factor: str) -> Path:
    return folder / factor / "images.npy"


def _libraries() -> dict[str, str]:
    """The versions of the libraries that make pixels: another one may round otherwise."""
    import cv2
    import PIL

    return {"numpy": np.__version__, "opencv": cv2.__version__, "pillow": PIL.__version__}
