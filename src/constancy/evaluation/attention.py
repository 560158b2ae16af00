"""Where a network looks: which part of an image speaks for an answer."""

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from constancy.models.layers import feature_layers
from constancy.models.network import Network


def grad_cam(network: Network, images: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """How much each pixel's surroundings speak for a class: float32, N x H x W, 0..1 in each image.

    Grad-CAM (Selvaraju et al. 2017) on the last layer that still has a picture; None for a network
    that has none. images: uint8, N x H x W x C; classes: int64, N. The network is in evaluation mode.
    """
    from captum.attr import LayerGradCam

    device = network.mean.device
    inputs = torch.from_numpy(np.array(images)).to(device).permute(0, 3, 1, 2).float()
    layer = _last_picture(network, inputs[:1])
    if layer is None:
        return None
    cam = LayerGradCam(network, layer)
    targets = torch.from_numpy(classes).to(device)
    maps = cam.attribute(inputs, targets, relu_attributions=True).detach()[:, 0].cpu().numpy()
    height, width = images.shape[1:3]
    large = [cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in maps]
    found = np.stack(large).astype(np.float32)
    most = found.max(axis=(1, 2), keepdims=True)
    return np.divide(found, most, where=most > 0, out=np.zeros_like(found))


def _last_picture(network: Network, inputs: Tensor) -> nn.Module | None:
    """The last layer of features whose output is N x C x H x W, of more than one pixel."""
    found: list[nn.Module] = []

    def keep(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output[0, 0].numel() > 1:
            found.append(module)

    layers = feature_layers(network.body).values()
    hooks = [layer.register_forward_hook(keep) for layer in layers]
    with torch.inference_mode():
        network(inputs)
    for hook in hooks:
        hook.remove()
    return found[-1] if found else None
