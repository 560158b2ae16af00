"""From the image table to packed splits: decode, split, check, pack."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from constancy.data.chunks import images_at_a_time
from constancy.data.decode import DecodedTable, decode_table
from constancy.data.packed import SPLITS, Dataset, write_split
from constancy.data.quality import Inspection
from constancy.data.splits import assign_splits, find_groups
from constancy.data.statistics import PixelStatistics
from constancy.data.table import sample_id
from constancy.settings.data import Data

_PART = 65_536
_INDEX = pa.schema([(name, pa.string()) for name in ("id", "path", "group", "sha256")])


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a source, decoded, split and checked.

    labels, groups, splits: of the rows of `table`, as objects; found: what the checks found, and
    which rows remain; classes: labels of those, in order.
    """

    table: DecodedTable
    labels: np.ndarray
    groups: np.ndarray
    splits: np.ndarray
    found: Inspection
    classes: list[str]


def read_images(raw: Path, data: Data, scratch: Path) -> Images:
    """Decode the image table in `raw`, split and check it; pixels go to the new file `scratch`.

    Raises UserError only where that cannot be done at all; what the checks find is told instead.
    """
    table = decode_table(raw, data.image, scratch)
    facts = table.facts
    labels, groups, preset = (_repeated(facts[name]) for name in ("label", "group", "split"))
    if data.split.group_by is not None:
        groups = np.array(find_groups(_values(facts["path"]), data.split.group_by), object)
    keys = (
        sample_id(digest.hex()) if group is None else group
        for group, digest in zip(groups, _values(facts["sha256"]), strict=True)
    )
    splits = np.array(assign_splits(keys, preset.tolist(), data.split), object)
    pa.default_memory_pool().release_unused()  # decoding is over; the checks need room themselves
    found = Inspection(table, labels, splits, groups, data.quality)
    return Images(table, labels, groups, splits, found, np.unique(labels[found.kept]).tolist())


def pack(images: Images, data: Data, folder: Path) -> None:
    """Write the packed splits of the images that remain into the existing folder `folder`."""
    statistics = PixelStatistics(data.image.channels)
    for name in SPLITS:
        rows = np.flatnonzero(images.found.kept & (images.splits == name))
        chunks = _chunks(images.table, rows)
        if name == "train":
            chunks = statistics.watch(chunks)
        labels = np.searchsorted(images.classes, images.labels[rows])
        index = pa.RecordBatchReader.from_batches(_INDEX, _index(images, rows))
        write_split(folder / name, chunks, labels, index)
    mean, std = statistics.mean_and_std()
    Dataset(images.classes, data.image, mean, std).save(folder)


def _values(column: pa.ChunkedArray) -> Iterator[Any]:
    """The values of a column, a part at a time: all of them at once would fill memory."""
    for start in range(0, len(column), _PART):
        yield from column.slice(start, _PART).to_pylist()


def _repeated(column: pa.ChunkedArray) -> np.ndarray:
    """The values of a dictionary's column, as objects: equal ones are one object."""
    encoded = column.combine_chunks()
    values = np.array([*encoded.dictionary.to_pylist(), None], object)
    return values[encoded.indices.fill_null(-1).to_numpy()]


def _index(images: Images, rows: np.ndarray) -> Iterator[pa.RecordBatch]:
    """What is known of some rows, in parts."""
    for start in range(0, len(rows), _PART):
        some = rows[start : start + _PART]
        facts = images.table.facts.select(["path", "sha256"]).take(some)
        digests = [digest.hex() for digest in facts["sha256"].to_pylist()]
        ids = [sample_id(digest) for digest in digests]
        columns = [ids, facts["path"].to_pylist(), images.groups[some], digests]
        yield pa.record_batch([pa.array(each, pa.string()) for each in columns], schema=_INDEX)


def _chunks(table: DecodedTable, rows: np.ndarray) -> Iterator[np.ndarray]:
    step = images_at_a_time(table.shape)
    for start in range(0, max(len(rows), 1), step):  # an empty split gives an empty chunk
        yield table.pixels(rows[start : start + step])
