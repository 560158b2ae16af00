"""From the image table to packed splits: decode, split, check, pack."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from constancy.data.chunks import images_at_a_time
from constancy.data.decode import DecodedTable, decode_table
from constancy.data.packed import Dataset, write_split
from constancy.data.quality import Inspection
from constancy.data.splits import SPLITS, assign_splits, find_groups
from constancy.data.statistics import PixelStatistics
from constancy.data.table import sample_ids
from constancy.settings.data import Data

_PART = 65_536


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a source, decoded, split and checked.

    groups, splits: of the rows of `table`; found: what the checks found, and which rows remain;
    classes: labels of those, in order.
    """

    table: DecodedTable
    groups: list[str | None]
    splits: np.ndarray
    found: Inspection
    classes: list[str]


def read_images(raw: Path, data: Data, scratch: Path) -> Images:
    """Decode the image table in `raw`, split and check it; pixels go to the new file `scratch`.

    Raises UserError only where that cannot be done at all; what the checks find is told instead.
    """
    table = decode_table(raw, data.image, scratch)
    facts = table.facts
    groups = find_groups(_texts(facts["path"]), _texts(facts["group"]), data.split.group_by)
    keys = (
        each if group is None else group
        for group, each in zip(groups, _texts(sample_ids(facts["sha256"])), strict=True)
    )
    # As objects, since NumPy's own strings would all be as long as the longest.
    splits = np.array(assign_splits(keys, list(_texts(facts["split"])), data.split), object)
    names = facts["label"].combine_chunks().dictionary_encode()
    labels = np.array(names.dictionary.to_pylist(), object)[names.indices.to_numpy()]
    found = Inspection(table, labels, splits, groups, data.quality)
    return Images(table, groups, splits, found, np.unique(labels[found.kept]).tolist())


def pack(images: Images, data: Data, folder: Path) -> None:
    """Write the packed splits of the images that remain into the existing folder `folder`."""
    statistics = PixelStatistics(data.image.channels)
    for name in SPLITS:
        rows = np.flatnonzero(images.found.kept & (images.splits == name))
        chunks = _chunks(images.table, rows)
        if name == "train":
            chunks = statistics.watch(chunks)
        write_split(folder / name, chunks, *_labels_and_index(images, rows))
    mean, std = statistics.mean_and_std()
    Dataset(images.classes, data.image, mean, std).save(folder)


def _texts(column: pa.ChunkedArray) -> Iterator[Any]:
    """The values of a column, a part at a time: all of them at once would fill memory."""
    for start in range(0, len(column), _PART):
        yield from column.slice(start, _PART).to_pylist()


def _labels_and_index(images: Images, rows: np.ndarray) -> tuple[np.ndarray, pa.Table]:
    facts = images.table.facts.take(rows)
    groups = pa.array(images.groups, pa.string()).take(pa.array(rows))
    positions = {label: position for position, label in enumerate(images.classes)}
    labels = np.array([positions[each] for each in facts["label"].to_pylist()], np.int64)
    digests = facts["sha256"]
    columns = {"id": sample_ids(digests), "path": facts["path"], "group": groups, "sha256": digests}
    return labels, pa.table(columns)


def _chunks(table: DecodedTable, rows: np.ndarray) -> Iterator[np.ndarray]:
    step = images_at_a_time(table.shape)
    for start in range(0, max(len(rows), 1), step):  # an empty split gives an empty chunk
        yield table.pixels(rows[start : start + step])
