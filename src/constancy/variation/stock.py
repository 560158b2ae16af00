"""Images to show factors on, and to cut foreign pieces from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from constancy.data.images import read_image
from constancy.data.packed import Dataset, PackedSplit
from constancy.data.sources.digits import open_digits
from constancy.data.table import sample_id
from constancy.errors import UserError
from constancy.paths import PREPARED, SUITES
from constancy.settings.data import Image
from constancy.variation.suites import INTRA_CLASS


@dataclass(frozen=True, eq=False)
class Stock:
    """Images to show and to cut foreign pieces from. ids, names: of each; name: of them all."""

    images: np.ndarray
    labels: np.ndarray
    ids: list[str]
    names: list[str]
    name: str


def prepared_stock() -> Stock:
    """The test images of this project. Raises UserError where there is none."""
    split = PackedSplit.load(PREPARED / "test")
    if not len(split):
        raise UserError(f"{PREPARED / 'test'} holds no images: make data.split.test larger")
    ids, paths = split.index["id"].tolist(), split.index["path"].tolist()
    return Stock(split.images, split.labels, ids, paths, f"{PREPARED / 'test'}")


def digits_stock(image: Image) -> Stock:
    """The embedded digits, as they would be prepared."""
    with open_digits() as source:
        samples = {sample_id(each.sha256): each for each in source.samples}
    ids = sorted(samples)
    found = [samples[each] for each in ids]
    labels = np.array([int(each.label) for each in found])
    images = np.stack([read_image(each.data, image) for each in found])
    return Stock(images, labels, ids, [each.path for each in found], "the embedded digits")


def sorted_specimens() -> tuple[pd.DataFrame, PackedSplit, list[str]]:
    """How far each test image is from what is usual for its class, the images, and the classes.

    The table is `Suite.intra_class`. Raises UserError where the suite is missing, or of other images.
    """
    table = SUITES / "test" / INTRA_CLASS
    if not (table.is_file() and (PREPARED / "dataset.json").is_file()):
        raise UserError(
            "intra-class makes no new pixels, it sorts the test images: run `make run` first"
        )
    split, classes = PackedSplit.load(PREPARED / "test"), Dataset.load(PREPARED).classes
    known = pd.read_parquet(table)
    if known["id"].tolist() != split.index["id"].tolist():
        raise UserError(
            f"{table} is of other images than {PREPARED / 'test'}: run `make run` first"
        )
    return known, split, classes
