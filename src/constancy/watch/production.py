"""What production shows: its images measured and answered, or a table of answers alone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from constancy.errors import UserError, nearest
from constancy.progress import progress
from constancy.serving.files import predict_files
from constancy.serving.places import Images
from constancy.serving.predictor import Prediction, Predictor
from constancy.variation.embedding import Embedding
from constancy.watch.measures import LABELS
from constancy.watch.pixels import measure_pixels

BATCH = 256


@dataclass(frozen=True, eq=False)
class Production:
    """What is known of production.

    values: of each measure, float64 (labels int64, positions in the model's classes), N each;
    repeated: how many images came again, pixel by pixel, and are not counted twice; unreadable: the
    paths of those that could not be read, each with the reason.
    """

    values: Mapping[str, np.ndarray]
    repeated: int
    unreadable: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.values[LABELS])


def answers(predictor: Predictor, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A model's labels (int64, N) and their probabilities (float64, N, 0..1) for prepared images.

    images: uint8, N x H x W x C, which may be memory-mapped.
    """
    predictions = [
        each
        for start in range(0, len(images), BATCH)
        for each in predictor.classify(np.array(images[start : start + BATCH]))
    ]
    return _as_arrays(predictor, predictions)


def measure_images(embedding: Embedding, images: np.ndarray) -> dict[str, np.ndarray]:
    """The measures that ask no model, of prepared images, uint8, N x H x W x C, by name."""
    return measure_pixels(images) | {
        "distance": embedding.nearest_centres(images),
        "residual": embedding.residuals(images),
    }


def measure(
    predictor: Predictor, embedding: Embedding, images: np.ndarray
) -> dict[str, np.ndarray]:
    """All measures of prepared images, uint8, N x H x W x C, by name."""
    return _measures(embedding, images, *answers(predictor, images))


def watch_images(
    predictor: Predictor, embedding: Embedding, places: Sequence[Images]
) -> Production:
    """Read, prepare and measure images, with a progress display; none stops the others."""
    seen: set[bytes] = set()
    parts: list[dict[str, np.ndarray]] = []
    unreadable: list[tuple[str, str]] = []
    repeated = 0
    total = sum(len(images.paths) for images in places)
    with progress("watch", total=total) as display:
        for batch in predict_files(predictor, places):
            fresh: list[tuple[np.ndarray, Prediction]] = []
            for answer in batch:
                if answer.pixels is None or answer.prediction is None:
                    unreadable.append((answer.path, str(answer.error)))
                    continue
                digest = hashlib.blake2b(answer.pixels.tobytes(), digest_size=16).digest()
                if digest in seen:
                    repeated += 1
                    continue
                seen.add(digest)
                fresh.append((answer.pixels, answer.prediction))
            if fresh:
                pixels, predictions = zip(*fresh, strict=True)
                answered = _as_arrays(predictor, predictions)
                parts.append(_measures(embedding, np.stack(pixels), *answered))
            display.update(len(batch))
    if not parts:
        name, reason = unreadable[0]
        raise UserError(f"none of the {total} files can be read as an image: {name}: {reason}")
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Production(values, repeated, unreadable)


def watch_table(file: Path, classes: Sequence[str]) -> Production:
    """Answers of `constancy predict --out`: columns path, label, probability, error.

    Raises UserError for a file that is no such table, has no answers, or a label that the model
    does not know.
    """
    import pandas as pd

    columns = ["path", "label", "probability", "error"]
    try:
        table = pd.read_parquet(file)[columns]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{file} is no table of answers with the columns {', '.join(columns)}: "
            f"`constancy predict --out {file.name}` writes one"
        ) from None
    answered = table[table["error"].isna()]
    if answered.empty:
        raise UserError(f"{file} holds no answers")
    sure = pd.to_numeric(answered["probability"], errors="coerce").to_numpy(np.float64)
    if not ((sure >= 0) & (sure <= 1)).all():
        raise UserError(f"{file}: probabilities must be numbers from 0 to 1")
    labels = pd.Index(classes).get_indexer(pd.Index(answered["label"].astype(str)))
    if (labels < 0).any():
        label = str(answered["label"].iloc[int((labels < 0).argmax())])
        raise UserError(
            f"{file}: the model does not know the label '{label}' ({nearest(label, list(classes))}): "
            "name the model that answered with --model"
        )
    failed = table[table["error"].notna()]
    return Production(
        {
            "confidence": sure,
            LABELS: labels.astype(np.int64),
        },
        repeated=0,
        unreadable=[
            (str(path), str(why)) for path, why in zip(failed["path"], failed["error"], strict=True)
        ],
    )


def _as_arrays(
    predictor: Predictor, predictions: Sequence[Prediction]
) -> tuple[np.ndarray, np.ndarray]:
    numbers = {label: number for number, label in enumerate(predictor.classes)}
    labels = np.array([numbers[each.label] for each in predictions], np.int64)
    return labels, np.array([each.probability for each in predictions], np.float64)


def _measures(
    embedding: Embedding, images: np.ndarray, labels: np.ndarray, sure: np.ndarray
) -> dict[str, np.ndarray]:
    return measure_images(embedding, images) | {"confidence": sure, LABELS: labels}
