"""A small modern residual network, at home from 8 pixels to photographs."""

from itertools import pairwise

from torch import Tensor, nn

SMALL = 64
"""Images of fewer pixels a side are small: to halve them at once would lose what they show."""


class Resnet(nn.Module):
    """A 3 x 3 stem; stages of residual blocks; the mean over the picture; the classes' logits.

    He et al. 2016, "Deep residual learning for image recognition", with the changes of He et al.
    2019, "Bag of tricks": each block starts as the identity (its last gain is zero), and a shortcut
    that halves the picture averages before it projects (ResNet-D). Each stage halves the picture
    once; the stem does too where images are not SMALL.

    stem: filters of the stem; widths, depths: filters and blocks of each stage; dropout: share of
    the averaged features left out at random in each step.

    Input: float, N x C x H x W. Output: logits, N x classes.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        *,
        stem: int,
        widths: list[int],
        depths: list[int],
        dropout: float,
    ) -> None:
        super().__init__()
        side, _, channels = shape
        self.stem = nn.Sequential(
            _convolution(channels, stem, stride=1 if side < SMALL else 2),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
        )
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    Block(before, width, stride=2),
                    *(Block(width, width, stride=1) for _ in range(depth - 1)),
                )
                for (before, width), depth in zip(pairwise([stem, *widths]), depths, strict=True)
            )
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(widths[-1], classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.stages(self.stem(images)))


class Block(nn.Module):
    """Two 3 x 3 convolutions, added to what came in.

    Input: N x inputs x H x W. Output: N x width x H x W, halved (rounded up) with stride 2.
    """

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)
        self.body = nn.Sequential(
            _convolution(inputs, width, stride=stride),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            _convolution(width, width, stride=1),
            last,
        )
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if stride > 1 or inputs != width:
            self.shortcut.append(nn.Conv2d(inputs, width, 1, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        # In place: the sum need not be kept, and to write it elsewhere takes time.
        return nn.functional.relu_(self.body(features).add_(self.shortcut(features)))


def _convolution(inputs: int, width: int, *, stride: int) -> nn.Conv2d:
    """3 x 3, drawn as He et al. 2015 do for layers before a ReLU."""
    convolution = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution
