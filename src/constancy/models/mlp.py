"""The dense network on the flattened pixels, to compare the convolutional one with."""

from itertools import pairwise

from torch import Tensor, nn


class Mlp(nn.Module):
    """Dense layers with batch norm and ReLU on the vector of all pixels.

    Input: float, N x C x H x W. Output: logits, N x classes.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, *, hidden: list[int], dropout: float
    ) -> None:
        super().__init__()
        height, width, channels = shape
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise([height * width * channels, *hidden]):
            layers += [
                nn.Linear(inputs, outputs, bias=False),
                nn.BatchNorm1d(outputs),
                nn.ReLU(),
                nn.Dropout(dropout),
            ]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden[-1], classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)
