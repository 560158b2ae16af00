"""A network as the rest of Constancy uses it: from raw pixels to logits, built from a description."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from constancy.models.cnn import Cnn
from constancy.models.mlp import Mlp

NETWORKS: dict[str, Callable[..., nn.Module]] = {"cnn": Cnn, "mlp": Mlp}
"""By the names of `model.name`; each takes (shape, classes, **structure)."""


class Network(nn.Module):
    """Normalisation by the training pixels' mean and standard deviation, then the body.

    The normalisation belongs to the network, so that whoever loads the weights cannot forget it.

    Input: uint8 or float, N x C x H x W, in 0..255. Output: logits, N x classes.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, body: nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.body((images.to(self.mean.dtype) - self.mean) / self.std)


def build_network(
    name: str,
    structure: dict[str, Any],
    *,
    shape: tuple[int, int, int],
    classes: int,
    mean: list[float],
    std: list[float],
) -> Network:
    """A freshly initialised network; weights are drawn from torch's current generator.

    shape: height, width, channels; mean, std: for each channel, in 0..255.
    """
    body = NETWORKS[name](shape, classes, **structure)
    return Network(body, mean, std).to(memory_format=torch.channels_last)
