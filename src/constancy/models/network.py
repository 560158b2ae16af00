"""A network as the rest of Constancy uses it: from raw pixels to logits, built from a description."""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from constancy.models.cnn import Cnn
from constancy.models.library import library_network
from constancy.models.mlp import Mlp
from constancy.models.resnet import Resnet

NETWORKS: dict[str, Callable[..., nn.Module]] = {"cnn": Cnn, "mlp": Mlp, "resnet": Resnet}
"""Ours, by the names of `model.name`; each takes (shape, classes, **structure)."""


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
        pixels = images.to(self.mean.dtype, copy=True)  # and then in place: no further memory
        return self.body(pixels.sub_(self.mean).div_(self.std))

    def train(self, mode: bool = True) -> Self:
        """As usual, but a batch norm whose weights are frozen keeps its statistics, too."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, _BatchNorm) and module.affine and not module.weight.requires_grad:
                module.eval()
        return self


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

    name: one of NETWORKS, or of a library (see `library_network`), which needs no structure;
    shape: height, width, channels; mean, std: for each channel, in 0..255.
    """
    if ":" in name:
        body = library_network(name, shape, classes)
    else:
        body = NETWORKS[name](shape, classes, **structure)
    return Network(body, mean, std).to(memory_format=torch.channels_last)
