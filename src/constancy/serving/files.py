"""Predictions for images that lie somewhere; one that cannot be read does not stop the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from constancy.data.images import UnreadableImageError
from constancy.serving.places import Images
from constancy.serving.predictor import Prediction, Predictor


@dataclass(frozen=True)
class Answer:
    """What became of one image.

    path: what it is called; prediction: None where `error` says why there is none; pixels: the
    image as the network saw it, uint8, size x size x channels; None with an error.
    """

    path: str
    prediction: Prediction | None
    error: str | None
    pixels: np.ndarray | None


def predict_files(predictor: Predictor, places: Sequence[Images]) -> Iterator[list[Answer]]:
    """For each image, in order: an answer; a batch at a time."""
    items = (
        (images, number, path) for images in places for number, path in enumerate(images.paths)
    )

    def prepare(item: tuple[Images, int, str]) -> np.ndarray:
        images, number, _ = item
        data, problem = images.read(number)
        if problem:
            raise UnreadableImageError(problem)
        try:
            return predictor.prepare(data)
        except UnreadableImageError as error:
            raise UnreadableImageError(f"cannot be read as an image: {error}") from None

    for batch in predictor.prepared(items, prepare):
        read = [pixels for _, pixels in batch if isinstance(pixels, np.ndarray)]
        predictions = iter(predictor.classify(np.stack(read)) if read else [])
        yield [
            Answer(path, next(predictions), None, pixels)
            if isinstance(pixels, np.ndarray)
            else Answer(path, None, str(pixels), None)
            for (_, _, path), pixels in batch
        ]
