"""What layers make of images, wherever they keep their channels."""

import numpy as np
import pytest
import torch

from constancy.evaluation.attention import grad_cam
from constancy.evaluation.features import pictures
from constancy.models.network import Network, build_network

SIDE = 64


@pytest.fixture(scope="module")
def transformer() -> Network:
    """A network whose layers have their channels last."""
    torch.manual_seed(0)
    colors = {"mean": [0.0] * 3, "std": [255.0] * 3}
    return build_network(
        "torchvision:swin_t", {}, shape=(SIDE, SIDE, 3), classes=3, **colors
    ).eval()


def test_channels_come_before_the_picture(transformer: Network) -> None:
    with torch.inference_mode(), pictures(transformer) as found:
        transformer(torch.zeros((2, 3, SIDE, SIDE), dtype=torch.uint8))
    shapes = [tuple(each.shape[1:]) for each in found.values()]
    assert (96, 16, 16) in shapes
    assert (384, 4, 4) in shapes
    assert all(height == width for _, height, width in shapes)


def test_where_channels_are_last_nothing_is_pointed_at(transformer: Network) -> None:
    images = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    assert grad_cam(transformer, images, np.array([0])) is None
