"""Where a network's features are looked at."""

import pytest

from constancy.models.layers import feature_layers
from constancy.models.network import build_network

STRUCTURES = {
    "cnn": {"filters": [4, 8], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0},
    "mlp": {"hidden": [8, 4], "dropout": 0.0},
    "resnet": {"stem": 4, "widths": [4, 8], "depths": [2, 1], "dropout": 0.0},
}


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("cnn", ["blocks.0.2", "blocks.1.2", "head.2"]),
        ("mlp", ["layers.3", "layers.7"]),
        ("resnet", ["stem.2", "stages.0.0", "stages.0.1", "stages.1.0"]),
        (
            "torchvision:resnet18",
            ["relu", *(f"layer{stage}.{block}" for stage in range(1, 5) for block in (0, 1))],
        ),
    ],
)
def test_activations_and_blocks_in_the_order_of_the_image(name: str, layers: list[str]) -> None:
    network = build_network(
        name, STRUCTURES.get(name, {}), shape=(32, 32, 1), classes=3, mean=[0.0], std=[1.0]
    )
    assert list(feature_layers(network.body)) == layers
