"""Where a network begins and ends, whatever it is."""

from collections.abc import Iterator

from torch import Tensor, nn

_ACTIVATIONS = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.Hardswish,
    nn.Tanh,
    nn.Sigmoid,
)


def first_convolution(body: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """The convolution that sees the image, and its name; None for a network without any."""
    convolutions = (each for each in body.named_modules() if isinstance(each[1], nn.Conv2d))
    return next(convolutions, None)


def last_dense(body: nn.Module) -> str:
    """The name of the layer that gives the logits: dense, or the convolution that stands for it."""
    names = [n for n, module in body.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    return names[-1]


def feature_layers(body: nn.Module) -> dict[str, nn.Module]:
    """Where features are looked at, from the image on, by name: activations, and blocks of layers.

    Sequences are looked into; what else has layers of its own is a block. What gives the logits is
    none of them.
    """
    found = dict(_feature_layers(body, ""))
    found.pop(last_dense(body), None)
    return found


def _feature_layers(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        if isinstance(child, nn.Sequential):
            yield from _feature_layers(child, f"{path}.")
        elif next(child.children(), None) is not None or isinstance(child, _ACTIVATIONS):
            yield path, child


def to_channels(filters: Tensor, channels: int) -> Tensor:
    """Filters (N x C x H x W) of grey or colour images, for images of so many channels instead.

    A grey image so filtered gives the same as the colour image that shows it.
    """
    if filters.shape[1] == channels:
        return filters
    return filters.sum(1, keepdim=True).expand(-1, channels, -1, -1) / channels
