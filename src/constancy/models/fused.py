"""Networks made ready to answer: the same function in fewer steps."""

from copy import deepcopy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from constancy.models.network import Network


def fused(network: Network) -> Network:
    """A copy that answers the same, to rounding, in less time.

    In sequences of layers, a batch norm is folded into the convolution before it (Jacob et al. 2018,
    "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
    3.2), and a ReLU that follows writes over what it gets. In fp32 the answers agree to six digits; in
    bf16 folded weights are rounded as the others were. Names and outputs of feature layers (see
    `layers.feature_layers`) stay the same. A network must call its sequences as a whole, as all of
    torchvision's and timm's do that were tried.

    network: in evaluation mode.
    """
    ready = deepcopy(network)
    for module in list(ready.modules()):
        if type(module).forward is nn.Sequential.forward:
            _fuse(module)  # type: ignore[arg-type]
    return ready


def _fuse(sequence: nn.Sequential) -> None:
    layers = list(sequence)
    # Exactly these: what is derived from them may do more, such as a norm with an activation.
    for place, (layer, norm) in enumerate(pairwise(layers)):
        if type(layer) is not nn.Conv2d or type(norm) is not nn.BatchNorm2d:
            continue
        if norm.running_mean is None or _watched(layer) or _watched(norm):
            continue  # it normalises by the batch, or somebody looks at what passes between
        sequence[place] = fuse_conv_bn_eval(layer, norm)
        sequence[place + 1] = nn.Identity()
        following = layers[place + 2] if place + 2 < len(layers) else None
        if type(following) is nn.ReLU and not _watched(following):
            # A new one: the old may stand elsewhere, too.
            sequence[place + 2] = nn.ReLU(inplace=True)


def _watched(layer: nn.Module) -> bool:
    return bool(layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks)
