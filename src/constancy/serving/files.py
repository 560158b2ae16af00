"""Predictions for image files; one that cannot be read does not stop the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from constancy.data.images import UnreadableImageError
from constancy.serving.predictor import Prediction, Predictor

BATCH = 256


def predict_files(
    predictor: Predictor, files: Sequence[Path]
) -> Iterator[tuple[Path, Prediction | str]]:
    """For each file, in order: the prediction, or in one phrase why there is none."""
    for start in range(0, len(files), BATCH):
        some = files[start : start + BATCH]
        read = [_read(predictor, path) for path in some]
        pixels = [each for each in read if isinstance(each, np.ndarray)]
        answers = iter(predictor.classify(np.stack(pixels)) if pixels else [])
        for path, each in zip(some, read, strict=True):
            yield path, each if isinstance(each, str) else next(answers)


def _read(predictor: Predictor, path: Path) -> np.ndarray | str:
    try:
        return predictor.prepare(path.read_bytes())
    except OSError as error:
        return (error.strerror or str(error)).lower()
    except UnreadableImageError as error:
        return f"cannot be read as an image: {error}"
