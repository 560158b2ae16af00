"""The classification networks of torchvision and timm, for images of any size and colour."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from constancy.errors import UserError, nearest
from constancy.models.layers import first_convolution, to_channels
from constancy.models.memory import WithoutMemory
from constancy.models.resnet import SMALL

_NO_SIDE_CLASSIFIERS: dict[str, Any] = {"aux_logits": False, "init_weights": True}


def library_network(name: str, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """A freshly initialised network, `torchvision:NAME` or `timm:NAME`. Nothing is downloaded.

    Two things are changed in it:

    - For grey images the filters of its first convolution are summed over the colours.
    - For SMALL images, where its first convolution has a stride of 2, that becomes 1, and the first
      max pooling that halves the picture, if there is any, is left out. This concerns ResNet and
      its kin (ResNeXt, Wide ResNet, RegNet), DenseNet, GoogLeNet, Inception, ShuffleNet,
      SqueezeNet, MobileNet, MNASNet and EfficientNet. The others stay as they are: VGG begins
      without a stride; AlexNet, ConvNeXt, Swin and ViT begin with strides of 4 and more.

    Transformers that are made for one size of images are made for this one. The classifiers beside
    the last, which GoogLeNet and Inception have for training, are left out.

    Raises UserError for an unknown name, a missing package, and images that it cannot take.
    """
    library, _, network = name.partition(":")
    side, _, channels = shape
    build = {"torchvision": _torchvision, "timm": _timm}[library](network, side, channels, classes)
    try:
        with WithoutMemory():
            trial = _adapted(build(), side, channels)
        trial.to("meta").eval()(torch.zeros(2, channels, side, side, device="meta"))
    except Exception as error:  # each network fails in its own way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"model.name: {name} takes no images of {side} x {side} pixels ({reason}): "
            "set data.image.size to a size that it was made for, such as 224"
        ) from None
    return _adapted(build(), side, channels)


def _torchvision(network: str, side: int, channels: int, classes: int) -> Callable[[], nn.Module]:  # noqa: ARG001
    from torchvision import models

    _check("torchvision", network, models.list_models(module=models))
    options: dict[str, Any] = {}
    if network in ("googlenet", "inception_v3"):
        options = _NO_SIDE_CLASSIFIERS
    elif network.startswith("vit_"):
        options = {"image_size": side}
    return partial(models.get_model, network, weights=None, num_classes=classes, **options)


def _timm(network: str, side: int, channels: int, classes: int) -> Callable[[], nn.Module]:
    try:
        import timm
    except ImportError:
        raise UserError(
            f"model.name: timm:{network} needs the package timm: pip install 'constancy[timm]'"
        ) from None
    # timm would take other names, too: those of files, and of models on a server.
    _check("timm", network, timm.list_models())
    made_for = timm.get_pretrained_cfg(network)
    options: dict[str, Any] = {"num_classes": classes, "in_chans": channels}
    if made_for and made_for.fixed_input_size:
        options["img_size"] = side
    return partial(timm.create_model, network, pretrained=False, **options)


def _check(library: str, network: str, known: list[str]) -> None:
    if network not in known:
        raise UserError(
            f"model.name: {library} has no classification network '{network}': "
            f"{nearest(network, known)}"
        )


def _adapted(body: nn.Module, side: int, channels: int) -> nn.Module:
    found = first_convolution(body)
    if found is None:
        return body
    _, first = found
    if first.in_channels != channels:
        first.weight = nn.Parameter(to_channels(first.weight.detach(), channels))
        first.in_channels = channels
    if side < SMALL and first.stride == (2, 2):
        first.stride = (1, 1)
        pools = (n for n, module in body.named_modules() if _halves(module))
        if pool := next(pools, None):
            body.set_submodule(pool, nn.Identity())
    return body


def _halves(module: nn.Module) -> bool:
    return isinstance(module, nn.MaxPool2d) and module.stride in (2, (2, 2))
