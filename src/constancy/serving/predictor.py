"""Predictions by a model on disk, for images in files, in memory, encoded or not."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from PIL import Image as Pillow

from constancy.allocator import keep_freed_memory
from constancy.data.chunks import images_at_a_time
from constancy.data.images import (
    UnreadableImageError,
    prepare_image,
    prepare_picture,
    read_image,
)
from constancy.data.reading import read_file
from constancy.errors import UserError
from constancy.evaluation.predict import device_at_hand
from constancy.models.disk import load_model
from constancy.models.fused import fused
from constancy.serving.ahead import ahead
from constancy.settings.data import Image

AnyImage: TypeAlias = "str | os.PathLike[str] | bytes | np.ndarray | Pillow.Image"
"""The path of an image file, its bytes, pixels (uint8, H x W, H x W x 1, H x W x 3 in RGB or
H x W x 4 in RGBA), or a picture of Pillow's of any mode."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Prediction:
    """What a model takes an image for.

    label: the most probable class; probability: of that class, 0..1; probabilities: of every
    class by its label, in the order of the model's classes; they sum to 1.
    """

    label: str
    probability: float
    probabilities: dict[str, float]

    def most_likely(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes with their probabilities, no more than `count`."""
        pairs = sorted(self.probabilities.items(), key=lambda pair: pair[1], reverse=True)
        return pairs[:count]


class Predictor:
    """A model that takes images as they come: any size, grey or color, encoded or not.

    Raises UserError for a folder that holds no model.
    """

    def __init__(self, folder: Path, *, batch_size: int = 256) -> None:
        keep_freed_memory()
        network, card = load_model(folder)
        self.classes = card.classes
        self.image = Image.model_validate(card.image)
        self._folder = folder
        self._batch_size = min(batch_size, images_at_a_time(self.image.shape))
        self._device = device_at_hand()
        self.network = fused(network).to(self._device)

    def predict(self, images: Iterable[AnyImage]) -> list[Prediction]:
        """One prediction for each image, in their order.

        images: paths, bytes of image files, uint8 arrays or pictures of Pillow's, also mixed (see
        `AnyImage`); all are turned upright and prepared as the training images were.
        Raises UnreadableImageError, which says which image (from 1) and why; UserError as
        `classify` does; TypeError for an image by itself.
        """
        if isinstance(images, str | os.PathLike | bytes | Pillow.Image):
            raise TypeError("predict takes several images at once: put one into a list, as [image]")
        predictions: list[Prediction] = []
        for batch in self.prepared(enumerate(images, 1), lambda each: self.prepare(each[1])):
            ready = []
            for (number, image), pixels in batch:
                if isinstance(pixels, UnreadableImageError):
                    raise UnreadableImageError(
                        f"image {number}{_name(image)} cannot be read: {pixels}"
                    )
                ready.append(pixels)
            predictions += self.classify(np.stack(ready))
        return predictions

    def prepared(
        self, items: Iterable[Item], prepare: Callable[[Item], np.ndarray]
    ) -> Iterator[Sequence[tuple[Item, np.ndarray | UnreadableImageError]]]:
        """Batches of items with their pixels, or why there are none, in order.

        prepare: as the method `prepare`, for an item. It runs on all cores, a little ahead of the
        batch that is asked for, so that images are decoded while the network classifies others.
        """

        def tried(item: Item) -> tuple[Item, np.ndarray | UnreadableImageError]:
            try:
                return item, prepare(item)
            except UnreadableImageError as error:
                return item, error

        pairs = ahead(tried, items, self._batch_size)
        while batch := list(islice(pairs, self._batch_size)):
            yield batch

    def prepare(self, image: AnyImage) -> np.ndarray:
        """One image as the network sees it: uint8, size x size x channels.

        Raises UnreadableImageError, which says why.
        """
        match image:
            case np.ndarray():
                return prepare_image(image, self.image)
            case Pillow.Image():
                return prepare_picture(image, self.image)
            case bytes():
                return read_image(image, self.image)
            case str() | os.PathLike():
                data, problem = read_file(Path(image))
                if problem:
                    raise UnreadableImageError(problem)
                return read_image(data, self.image)
        raise UnreadableImageError(
            "it must be a path, bytes, a uint8 array or a picture of Pillow's, "
            f"not {type(image).__name__}"
        )

    @torch.inference_mode()
    def classify(self, pixels: np.ndarray) -> list[Prediction]:
        """One prediction for each prepared image. pixels: uint8, N x size x size x channels.

        Raises UserError if the network answers with anything but finite numbers.
        """
        # N x H x W x C seen as N x C x H x W is in memory what PyTorch calls channels_last.
        batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
        probabilities = self.network(batch).double().softmax(1).cpu().numpy()
        if not np.isfinite(probabilities).all():
            raise UserError(
                f"the model in {self._folder} answers with numbers that are not finite: its weights "
                "are damaged, or training diverged; train it again"
            )
        best = probabilities.argmax(1)
        return [
            Prediction(
                label=self.classes[index],
                probability=float(row[index]),
                probabilities=dict(zip(self.classes, row.tolist(), strict=True)),
            )
            for row, index in zip(probabilities, best, strict=True)
        ]


def _name(image: AnyImage) -> str:
    return f" ({image})" if isinstance(image, str | os.PathLike) else ""
