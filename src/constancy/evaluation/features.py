"""What the layers of a network make of the images that pass through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from constancy.models.layers import feature_layers
from constancy.models.network import Network


@contextmanager
def watching(network: Network, see: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Within the block, `see` is called with the name and the output of each layer that passes one;
    pictures come as N x C x H x W.
    """

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def pass_on(module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001
            if isinstance(output, Tensor):
                see(name, output.permute(0, 3, 1, 2) if _channels_last(output) else output)

        return pass_on

    layers = feature_layers(network.body).items()
    hooks = [layer.register_forward_hook(hook(name)) for name, layer in layers]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def _channels_last(output: Tensor) -> bool:
    """Whether it is a picture N x H x W x C, as layers of some transformers give it: pictures are
    square here.
    """
    return output.ndim == 4 and output.shape[1] == output.shape[2] != output.shape[3]


@contextmanager
def pictures(network: Network) -> Iterator[dict[str, Tensor]]:
    """Within the block, the outputs of those layers that still have a picture, for the images that
    passed last: N x C x H x W of more than one pixel, by name, from the image on.
    """
    found: dict[str, Tensor] = {}

    def see(name: str, output: Tensor) -> None:
        if output.ndim == 4 and output[0, 0].numel() > 1:
            found[name] = output

    with watching(network, see):
        yield found
