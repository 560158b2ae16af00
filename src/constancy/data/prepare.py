"""From the image table to packed splits: decode, split, check, pack."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from constancy.data.images import UnreadableImageError, read_image
from constancy.data.packed import SPLITS, Dataset, PackedSplit, create_array
from constancy.data.splits import assign_splits
from constancy.data.table import Sample, count_rows, read_table, sample_id
from constancy.errors import UserError
from constancy.progress import progress
from constancy.settings.data import Data, Image

CHUNK = 4096  # images gathered at a time when splits are packed


@dataclass
class _Decoded:
    """All readable images in the table's order, in one file, and what is known of each."""

    images: np.memmap
    rows: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)


def prepare(raw: Path, data: Data, folder: Path) -> dict[str, Any]:
    """Decode the image table in `raw` and write the packed splits into the new folder `folder`.

    Returns the data report: counts for each class and split, and every unreadable file with its
    reason. Raises UserError if the data break a limit of `data.quality`, if a split is empty, or if a
    class is missing from the training split.
    """
    folder.mkdir(parents=True)
    scratch = folder / "decoded.npy"
    decoded = _decode(raw, data.image, scratch)
    total = len(decoded.rows) + len(decoded.unreadable)
    _check_unreadable(decoded.unreadable, total, data.quality.max_unreadable)

    rows = decoded.rows
    splits = assign_splits(
        [row["group"] or row["id"] for row in rows], [row["split"] for row in rows], data.split
    )
    index = pd.DataFrame(rows).assign(split=splits)
    classes = sorted(set(index["label"]))
    counts = _count(index, classes)
    _check_classes(counts, data.quality.min_images)
    warnings = _find_gaps(counts)
    for name in SPLITS:
        _pack(decoded.images, index[index["split"] == name], classes, folder / name)
    scratch.unlink()

    train = PackedSplit.load(folder / "train")
    mean, std = _statistics(train.images)
    Dataset(classes, data.image, mean, std).save(folder)
    return {
        "images": len(index),
        "splits": {name: int((index["split"] == name).sum()) for name in SPLITS},
        "classes": counts,
        "image": data.image.model_dump(),
        "unreadable": {"count": len(decoded.unreadable), "files": decoded.unreadable},
        "warnings": warnings,
    }


def _decode(raw: Path, image: Image, scratch: Path) -> _Decoded:
    total = count_rows(raw)
    decoded = _Decoded(create_array(scratch, (total, *image.shape)))
    # Pillow lets go of the interpreter's lock while it decodes and scales: threads are enough.
    with (
        progress("prepare", total=total) as bar,
        joblib.Parallel(n_jobs=-1, backend="threading", return_as="generator") as parallel,
    ):
        for samples in read_table(raw):
            tasks = (joblib.delayed(_try_reading)(sample, image) for sample in samples)
            for sample, result in zip(samples, parallel(tasks), strict=True):
                _keep(sample, result, decoded)
                bar.update()
    return decoded


def _try_reading(sample: Sample, image: Image) -> np.ndarray | str:
    try:
        return read_image(sample.data, image)
    except UnreadableImageError as error:
        return str(error)


def _keep(sample: Sample, result: np.ndarray | str, decoded: _Decoded) -> None:
    sha256 = sample.sha256
    known = {"id": sample_id(sha256), "path": sample.path}
    if isinstance(result, str):
        decoded.unreadable.append(known | {"reason": result})
        return
    decoded.images[len(decoded.rows)] = result
    decoded.rows.append(
        known
        | {"group": sample.group, "sha256": sha256, "label": sample.label, "split": sample.split}
    )


def _check_unreadable(unreadable: list[dict[str, str]], total: int, limit: float) -> None:
    if len(unreadable) > limit * total:
        first = unreadable[0]
        raise UserError(
            f"{len(unreadable)} of {total} files cannot be read as images, more than "
            f"data.quality.max_unreadable = {limit:g} allows; the first is {first['path']} "
            f"({first['reason']}): mend or remove them, or raise the limit"
        )


def _count(index: pd.DataFrame, classes: list[str]) -> dict[str, dict[str, int]]:
    counts = Counter(zip(index["label"], index["split"], strict=True))
    return {label: {name: counts[label, name] for name in SPLITS} for label in classes}


def _check_classes(counts: dict[str, dict[str, int]], least: int) -> None:
    if len(counts) < 2:
        raise UserError(
            f"data.source: only one class was found ('{next(iter(counts), '')}'): "
            "there must be at least two folders with images"
        )
    for label, splits in counts.items():
        if sum(splits.values()) < least:
            raise UserError(
                f"class '{label}' has {_images(sum(splits.values()))}, fewer than "
                f"data.quality.min_images = {least}: add images, remove the class, or lower the limit"
            )
    for name in SPLITS:
        if not any(splits[name] for splits in counts.values()):
            raise UserError(f"the {name} split is empty: add images, or change data.split")
    for label, splits in counts.items():
        if not splits["train"]:
            raise UserError(
                f"class '{label}' has no image to train on: add some, or remove the class"
            )


def _find_gaps(counts: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"class '{label}' has no image in the {name} split, so nothing is known of it there"
        for label, splits in counts.items()
        for name in SPLITS
        if not splits[name]
    ]


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _pack(images: np.ndarray, index: pd.DataFrame, classes: list[str], folder: Path) -> None:
    """Write one split in the order of (id, path), which does not hang on the source's order."""
    folder.mkdir()
    index = index.sort_values(["id", "path"])
    rows = index.index.to_numpy()
    packed = create_array(folder / "images.npy", (len(rows), *images.shape[1:]))
    for start in range(0, len(rows), CHUNK):
        packed[start : start + CHUNK] = images[rows[start : start + CHUNK]]
    packed.flush()
    positions = {label: position for position, label in enumerate(classes)}
    labels = np.array([positions[label] for label in index["label"]], np.int64)
    np.save(folder / "labels.npy", labels, allow_pickle=False)
    index[["id", "path", "group", "sha256"]].reset_index(drop=True).to_parquet(
        folder / "index.parquet"
    )


def _statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, from exact integer sums."""
    sums = squares = np.zeros(images.shape[-1], np.int64)
    for chunk in _slices(images):
        values = chunk.astype(np.int64)
        sums = sums + values.sum(axis=(0, 1, 2))
        squares = squares + (values**2).sum(axis=(0, 1, 2))
    count = images.size // images.shape[-1]
    mean = sums / count
    variance = squares / count - mean**2
    # A channel without any contrast must not divide by zero.
    return mean.tolist(), np.maximum(np.sqrt(variance.clip(0)), 1.0).tolist()


def _slices(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), CHUNK):
        yield images[start : start + CHUNK]
