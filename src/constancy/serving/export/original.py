"""The model that is exported: from pixels to probabilities, and what a file says of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from constancy.data.packed import Dataset
from constancy.errors import UserError
from constancy.evaluation.evaluate import load_fitting_model
from constancy.models.disk import ModelCard, weights_digest
from constancy.models.network import Network
from constancy.serving.export.quiet import quiet

Answer = Callable[[np.ndarray], np.ndarray]
"""Probabilities, float32, N x classes, for prepared images, uint8, N x H x W x C."""

INPUT, OUTPUT = "images", "probabilities"
"""What the input and the output are called in a file that has names for them."""

CARD_KEY, WEIGHTS_KEY = "card", "weights_sha256"


class Classifier(nn.Module):
    """The network with what stands before and behind it: layout, normalisation and softmax.

    Input: uint8, N x H x W x C. Output: float32, N x classes, each row sums to 1.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images.permute(0, 3, 1, 2)).softmax(1)


@dataclass(frozen=True)
class Original:
    """A model, ready to be exported. weights: SHA-256 of its weights, hexadecimal."""

    network: Network
    card: ModelCard
    weights: str

    @classmethod
    def load(cls, folder: Path, dataset: Dataset) -> "Original":
        """The model in a folder, on the CPU. Raises UserError if it does not fit the data."""
        network, card = load_fitting_model(folder, dataset)
        return cls(network, card, weights_digest(folder))

    def facts(self) -> dict[str, str]:
        """What every exported file says of itself: the card as JSON, and the weights' digest."""
        return {CARD_KEY: json.dumps(asdict(self.card)), WEIGHTS_KEY: self.weights}

    def classifier(self) -> Classifier:
        """What every exported file has to answer like."""
        return Classifier(self.network).eval()

    def trace(self) -> ExportedProgram:
        """The classifier as a graph that takes any number of images.

        Raises UserError for a network that PyTorch cannot trace.
        """
        size, channels = self.card.image["size"], len(self.card.mean)
        # Two images: of one alone the tracer would take the number for a constant.
        example = torch.zeros(2, size, size, channels, dtype=torch.uint8)
        shapes = {INPUT: {0: torch.export.Dim("batch")}}
        try:
            with quiet():
                return torch.export.export(self.classifier(), (example,), dynamic_shapes=shapes)
        except Exception as error:  # each network fails in its own way
            raise UserError(
                f"{self.card.name} cannot be exported as a graph ({in_a_line(error)}): "
                "--format safetensors takes every network"
            ) from None


def answer_of(module: Callable[[Tensor], Tensor]) -> Answer:
    """What a module answers, on the CPU; see `Answer`."""

    def answer(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(pixels)).numpy()

    return answer


def in_a_line(error: Exception) -> str:
    """The first line of what a library says of its trouble."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
