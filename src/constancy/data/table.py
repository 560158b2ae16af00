"""The image table: all images of a source in a few Parquet files, bytes as the source gave them.

The layout is that of Hugging Face image data sets (`image` struct{bytes, path}, `label`), with the
columns `group`, `split`, `sha256` and `problem` beside it.
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

ROW_GROUP_ROWS = 4096
"""Images in a row group, at the most: small images too are shared out among workers."""

_ID_DIGITS = 16

SCHEMA = pa.schema(
    [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("label", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("sha256", pa.string()),
        ("problem", pa.string()),
    ]
)


@dataclass(frozen=True)
class Sample:
    """One image file of a source: its path there, its class, its bytes; split and group if given.

    problem: why the source could not give the bytes, which are then empty.
    """

    path: str
    label: str
    data: bytes
    split: str | None = None
    group: str | None = None
    problem: str | None = None

    @property
    def sha256(self) -> str:
        """Of the bytes, in hexadecimal; of the path where there are none."""
        return hashlib.sha256(self.data or self.path.encode()).hexdigest()


def sample_id(sha256: str) -> str:
    """The id on which splits, seeds and suites hang: the first 16 digits of the bytes' hash."""
    return sha256[:_ID_DIGITS]


@dataclass(frozen=True)
class RowGroup:
    """A part of the image table: so many images, of so many bytes."""

    shard: Path
    number: int
    rows: int
    bytes: int

    def read(self) -> list[Sample]:
        """Its samples in order."""
        with pq.ParquetFile(self.shard) as file:
            table = file.read_row_group(self.number)
        images = table["image"].combine_chunks()
        columns = [images.field("path"), table["label"], images.field("bytes")]
        columns += [table[name] for name in ("split", "group", "problem")]
        values = zip(*(column.to_pylist() for column in columns), strict=True)
        return [Sample(*row) for row in values]


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
            writer = pq.ParquetWriter(
                path,
                SCHEMA,
                compression="none",
                use_dictionary=["label", "split"],
                write_statistics=False,
            )
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


def row_groups(folder: Path) -> list[RowGroup]:
    """The parts of the table that can be read by themselves, in order."""
    groups = []
    for shard in _shards(folder):
        metadata = pq.read_metadata(shard)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            groups.append(RowGroup(shard, number, group.num_rows, group.total_byte_size))
    return groups


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _chunks(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    chunk: list[Sample] = []
    size = 0
    for sample in samples:
        chunk.append(sample)
        size += len(sample.data)
        if size >= ROW_GROUP_BYTES or len(chunk) >= ROW_GROUP_ROWS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _to_arrow(samples: list[Sample]) -> pa.Table:
    image = pa.StructArray.from_arrays(
        [
            pa.array([sample.data for sample in samples], pa.binary()),
            pa.array([sample.path for sample in samples], pa.string()),
        ],
        fields=list(SCHEMA.field("image").type),
    )
    names = SCHEMA.names[1:]
    texts = [pa.array([getattr(each, name) for each in samples], pa.string()) for name in names]
    return pa.Table.from_arrays([image, *texts], schema=SCHEMA)
