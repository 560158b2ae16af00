"""The image table decoded: every image as the network sees it, and what is known of each."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from constancy.data.chunks import images_at_a_time
from constancy.data.duplicates import perceptual_hashes, pixel_moments
from constancy.data.images import UnreadableImageError, decode_image
from constancy.data.table import RowGroup, Sample, row_groups
from constancy.parallel import Job, end_workers, run_jobs
from constancy.settings.data import Image

# What an image takes on one core, about, to tell whether other processes are worth starting.
_SECONDS_AN_IMAGE = 70e-6
_SECONDS_A_BYTE = 30e-9

_REPEATED = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("sha256", pa.binary(32)),
        ("path", pa.string()),
        ("label", _REPEATED),
        ("group", _REPEATED),
        ("split", _REPEATED),
        ("problem", _REPEATED),
        ("format", _REPEATED),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("digest", pa.binary(16)),
        ("hash", pa.uint64()),
        ("mean", pa.float32()),
        ("std", pa.float32()),
    ]
)


@dataclass(frozen=True, eq=False)
class DecodedTable:
    """All images of a table in the order of (sha256, path), which no order of the source changes.

    facts: sha256 (its bytes), path, label, group, split as in the table; problem: why an image
    cannot be used, else null; format, width, height: of the file; digest: of the pixels as the
    network sees them, hash: see `perceptual_hashes`; mean, std: of those pixels (no image, where
    there is a problem).
    """

    facts: pa.Table
    shape: tuple[int, int, int]
    _file: BinaryIO
    _places: np.ndarray

    def __len__(self) -> int:
        return len(self._places)

    def pixels(self, rows: np.ndarray) -> np.ndarray:
        """uint8, n x H x W x C: the images of some rows; zeros where there is a problem.

        Read, not mapped: mapped pages count as memory of the process that touches them.
        """
        images = np.empty((len(rows), *self.shape), np.uint8)
        size = images[0].nbytes if len(rows) else 0
        for image, place in zip(images, self._places[rows].tolist(), strict=True):
            if os.preadv(self._file.fileno(), [image.data], place * size) != size:
                raise EOFError(f"{self._file.name} ends before image {place}")
        return images

    def digests(self) -> np.ndarray:
        """uint64, N x 2: the digest of each image's pixels; anything where there is a problem."""
        column = self.facts["digest"].combine_chunks()
        numbers = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
        return numbers[column.offset : column.offset + len(column)]


def decode_table(raw: Path, image: Image, scratch: Path) -> DecodedTable:
    """Decode the image table in `raw`; pixels go to the new file `scratch`.

    Work is shared among all cores; memory stays near that of a few row groups and the facts.
    """
    scratch.touch()
    # Whole paths, since a worker may have been started in another folder.
    raw, scratch = raw.resolve(), scratch.resolve()
    jobs, start = [], 0
    for group in row_groups(raw):
        seconds = group.rows * _SECONDS_AN_IMAGE + group.bytes * _SECONDS_A_BYTE
        jobs.append(Job(_decode_group, (group, image, scratch, start), group.rows, seconds))
        start += group.rows
    facts = pa.concat_tables([_SCHEMA.empty_table(), *run_jobs("prepare", jobs)])
    facts = facts.unify_dictionaries()
    end_workers()
    keys = [("sha256", "ascending"), ("path", "ascending")]
    order = pc.sort_indices(facts, sort_keys=keys)
    columns = []
    for name in _SCHEMA.names:  # one by one, or memory would hold all of them twice
        columns.append(facts[name].take(order))
        facts = facts.drop_columns([name])
    return DecodedTable(
        pa.Table.from_arrays(columns, schema=_SCHEMA),
        image.shape,
        scratch.open("rb"),
        order.to_numpy(),
    )


def _decode_group(group: RowGroup, image: Image, scratch: Path, start: int) -> pa.Table:
    """Decode a row group, write its pixels to their place in the file, and give its facts."""
    samples, step = group.read(), images_at_a_time(image.shape)
    parts = []
    for at in range(0, len(samples), step):
        some = samples[at : at + step]
        images = np.zeros((len(some), *image.shape), np.uint8)
        rows = [_decode(sample, image, pixels) for sample, pixels in zip(some, images, strict=True)]
        _write(scratch, images, start + at)
        columns = [*zip(*rows, strict=True), perceptual_hashes(images), *pixel_moments(images).T]
        arrays = [pa.array(each, field.type) for each, field in zip(columns, _SCHEMA, strict=True)]
        parts.append(pa.Table.from_arrays(arrays, schema=_SCHEMA))
    return pa.concat_tables(parts)


def _decode(sample: Sample, image: Image, pixels: np.ndarray) -> tuple[Any, ...]:
    """Fill in the pixels; gives all facts but those that are taken from many images at once."""
    known = (bytes.fromhex(sample.sha256), sample.path, sample.label, sample.group, sample.split)
    if sample.problem:
        return *known, sample.problem, None, None, None, None
    try:
        decoded = decode_image(sample.data, image)
    except UnreadableImageError as error:
        return *known, str(error), None, None, None, None
    pixels[...] = decoded.pixels
    digest = hashlib.blake2b(decoded.pixels.tobytes(), digest_size=16).digest()
    return *known, None, decoded.format, decoded.width, decoded.height, digest


def _write(path: Path, images: np.ndarray, start: int) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        offset, rest = start * images[0].nbytes, images.data.cast("B")
        while rest:
            written = os.pwrite(file, rest, offset)
            offset, rest = offset + written, rest[written:]
    finally:
        os.close(file)
