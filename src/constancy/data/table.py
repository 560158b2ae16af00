"""The image table: all images of a source in a few Parquet files, bytes as the source gave them.

The layout is that of Hugging Face image data sets (`image` struct{bytes, path}, `label`), with the
columns `group`, `split` and `sha256` beside it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHARD_BYTES = 256 * 2**20
"""Image bytes in one file, about."""

ROW_GROUP_BYTES = 16 * 2**20
"""Image bytes that writing or reading holds in memory at a time, about."""

SCHEMA = pa.schema(
    [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("label", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("sha256", pa.string()),
    ]
)


@dataclass(frozen=True)
class Sample:
    """One image file of a source: its path there, its class, its bytes; split and group if given."""

    path: str
    label: str
    data: bytes
    split: str | None = None
    group: str | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def sample_id(sha256: str) -> str:
    """The id on which splits, seeds and suites hang: the first 16 digits of the bytes' hash."""
    return sha256[:16]


def write_table(samples: Iterable[Sample], folder: Path) -> int:
    """Write the samples, in their order, to new Parquet files in `folder`; returns their number.

    Memory stays near ROW_GROUP_BYTES however many samples there are.
    """
    folder.mkdir(parents=True)
    writer: pq.ParquetWriter | None = None
    shards = shard_bytes = count = 0
    for group in _chunks(samples):
        if writer is None:
            # Images are compressed already; a dictionary of their bytes would only cost memory.
            path = folder / f"part-{shards:05d}.parquet"
            writer = pq.ParquetWriter(path, SCHEMA, compression="none", use_dictionary=["label"])
            shards, shard_bytes = shards + 1, 0
        writer.write_table(_to_arrow(group))
        count += len(group)
        shard_bytes += sum(len(sample.data) for sample in group)
        if shard_bytes >= SHARD_BYTES:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()
    return count


def count_rows(folder: Path) -> int:
    """The number of images in the table."""
    return sum(pq.read_metadata(shard).num_rows for shard in _shards(folder))


def read_table(folder: Path) -> Iterator[list[Sample]]:
    """The table's samples in order, one row group at a time."""
    for shard in _shards(folder):
        with pq.ParquetFile(shard) as file:
            for number in range(file.num_row_groups):
                rows = file.read_row_group(number).to_pylist()
                yield [
                    Sample(
                        row["image"]["path"],
                        row["label"],
                        row["image"]["bytes"],
                        row["split"],
                        row["group"],
                    )
                    for row in rows
                ]


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _chunks(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    chunk: list[Sample] = []
    size = 0
    for sample in samples:
        chunk.append(sample)
        size += len(sample.data)
        if size >= ROW_GROUP_BYTES or len(chunk) >= 65_536:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _to_arrow(samples: list[Sample]) -> pa.Table:
    rows = [
        {
            "image": {"bytes": sample.data, "path": sample.path},
            "label": sample.label,
            "group": sample.group,
            "split": sample.split,
            "sha256": sample.sha256,
        }
        for sample in samples
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
