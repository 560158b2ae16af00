"""Grad-CAM points at what an answer depends on."""

import numpy as np
import torch
from torch import nn

from constancy.evaluation.attention import grad_cam
from constancy.models.network import Network, build_network

SIDE = 16


def corner_network() -> Network:
    """Class 1 where there is light, whose one layer of features sees single pixels."""
    convolution = nn.Conv2d(1, 2, 1, bias=False)
    head = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
        head.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(nn.Sequential(convolution, nn.ReLU(), *pool, head), [0.0], [255.0]).eval()


def test_what_speaks_for_a_class_is_where_its_evidence_is() -> None:
    images = np.zeros((2, SIDE, SIDE, 1), np.uint8)
    images[0, :4, :4], images[1, -4:, -4:] = 255, 128
    found = grad_cam(corner_network(), images, np.array([1, 1]))
    assert found is not None
    assert found.shape == (2, SIDE, SIDE)
    assert found.dtype == np.float32
    expected = (images[..., 0] > 0).astype(np.float32)
    assert np.allclose(found, expected)
    nothing = grad_cam(corner_network(), images, np.array([0, 0]))
    assert nothing is not None
    assert not nothing.any()


def test_a_dense_network_has_no_picture_to_point_into() -> None:
    structure = {"hidden": [8], "dropout": 0.0}
    network = build_network(
        "mlp", structure, shape=(SIDE, SIDE, 1), classes=2, mean=[0.0], std=[1.0]
    )
    images = np.zeros((1, SIDE, SIDE, 1), np.uint8)
    assert grad_cam(network.eval(), images, np.array([0])) is None


def test_networks_of_blocks_have_one() -> None:
    network = build_network(
        "torchvision:resnet18", {}, shape=(32, 32, 3), classes=3, mean=[0.0] * 3, std=[255.0] * 3
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    found = grad_cam(network.eval(), images, np.array([0, 2]))
    assert found is not None
    assert found.shape == (2, 32, 32)
    assert found.min() >= 0
    assert found.max() <= 1
