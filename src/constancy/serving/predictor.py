"""Predictions for encoded images or arrays by a model on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from constancy.data.images import UnreadableImageError, prepare_image, read_image
from constancy.errors import UserError
from constancy.models.disk import load_model
from constancy.settings.data import Image


@dataclass(frozen=True)
class Prediction:
    """What a model takes an image for.

    label: the most probable class; probability: of that class, 0..1; probabilities: of every
    class by its label, in the order of the model's classes; they sum to 1.
    """

    label: str
    probability: float
    probabilities: dict[str, float]


class Predictor:
    """A model that takes images as they come: any size, grey or color, encoded or as arrays.

    Raises UserError for a folder that holds no model.
    """

    def __init__(self, folder: Path, *, batch_size: int = 256) -> None:
        network, card = load_model(folder)
        self.classes = card.classes
        self._folder = folder
        self.image = Image.model_validate(card.image)
        self._batch_size = batch_size
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network.to(self._device)

    def predict(self, images: Sequence[bytes | np.ndarray]) -> list[Prediction]:
        """One prediction for each image, in their order.

        images: the bytes of an image file each, or uint8 arrays H x W, H x W x 1, H x W x 3 (RGB)
        or H x W x 4 (RGBA); prepared as the training images were.
        Raises UnreadableImageError, which says which image (from 1) and why; UserError as
        `classify` does.
        """
        predictions: list[Prediction] = []
        for start in range(0, len(images), self._batch_size):
            batch = images[start : start + self._batch_size]
            pixels = [self._numbered(image, start + at) for at, image in enumerate(batch, 1)]
            predictions += self.classify(np.stack(pixels))
        return predictions

    def prepare(self, image: bytes | np.ndarray) -> np.ndarray:
        """One image as the network sees it: uint8, size x size x channels.

        Raises UnreadableImageError, which says why.
        """
        if isinstance(image, np.ndarray):
            return prepare_image(image, self.image)
        return read_image(image, self.image)

    def _numbered(self, image: bytes | np.ndarray, number: int) -> np.ndarray:
        try:
            return self.prepare(image)
        except UnreadableImageError as error:
            raise UnreadableImageError(f"image {number} cannot be read: {error}") from None

    @torch.inference_mode()
    def classify(self, pixels: np.ndarray) -> list[Prediction]:
        """One prediction for each prepared image. pixels: uint8, N x size x size x channels.

        Raises UserError if the network answers with anything but finite numbers.
        """
        # N x H x W x C seen as N x C x H x W is in memory what PyTorch calls channels_last.
        batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
        probabilities = self._network(batch).double().softmax(1).cpu().numpy()
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
