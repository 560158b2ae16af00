"""Where a network begins and ends, whatever it is."""

from torch import Tensor, nn


def first_convolution(body: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """The convolution that sees the image, and its name; None for a network without any."""
    convolutions = (each for each in body.named_modules() if isinstance(each[1], nn.Conv2d))
    return next(convolutions, None)


def last_dense(body: nn.Module) -> str:
    """The name of the layer that gives the logits: dense, or the convolution that stands for it."""
    names = [n for n, module in body.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return names[-1]


def to_channels(filters: Tensor, channels: int) -> Tensor:
    """Filters (N x C x H x W) of grey or colour images, for images of so many channels instead.

    A grey image so filtered gives the same as the colour image that shows it.
    """
    if filters.shape[1] == channels:
        return filters
    return filters.sum(1, keepdim=True).expand(-1, channels, -1, -1) / channels
