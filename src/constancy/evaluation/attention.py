"""Where a network looks: which part of an image speaks for an answer."""

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from torch import Tensor

from constancy.evaluation.features import pictures
from constancy.models.layers import feature_layers
from constancy.models.network import Network


def grad_cam(
    network: Network,
    images: np.ndarray,
    classes: np.ndarray,
    seen: Mapping[str, Tensor] | None = None,
) -> np.ndarray | None:
    """How much each pixel's surroundings speak for a class: float32, N x H x W, 0..1 in each image.

    Grad-CAM (Selvaraju et al. 2017) on the last layer that still has a picture; None for a network
    that has none, or only one with its channels last. images: uint8, N x H x W x C; classes: int64, N;
    seen: what `pictures` found in such images, None where they have not passed yet. The network is in
    evaluation mode.
    """
    from captum.attr import LayerGradCam

    device = network.mean.device
    inputs = torch.from_numpy(np.array(images)).to(device).permute(0, 3, 1, 2).float()
    if seen is None:
        with torch.inference_mode(), pictures(network) as seen:
            network(inputs[:1])
    if not seen:
        return None
    last = list(seen)[-1]
    cam = LayerGradCam(network, feature_layers(network.body)[last])
    targets = torch.from_numpy(classes).to(device)
    maps = cam.attribute(inputs, targets, relu_attributions=True).detach()[:, 0].cpu().numpy()
    if maps.shape[1:] != seen[last].shape[2:]:
        return None  # Captum cannot read a layer with its channels last
    height, width = images.shape[1:3]
    large = [cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in maps]
    found = np.stack(large).astype(np.float32)
    most = found.max(axis=(1, 2), keepdims=True)
    return np.divide(found, most, where=most > 0, out=np.zeros_like(found))
