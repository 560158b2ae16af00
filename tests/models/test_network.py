"""The networks take raw pixels to logits, for every shape that the settings allow."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from constancy.models.network import build_network
from constancy.models.resnet import Block

CNN = {"filters": [4, 6], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0}
RESNET = {"stem": 4, "widths": [6, 8], "depths": [2, 1], "dropout": 0.5}
MLP = {"hidden": [16, 8], "dropout": 0.0}


def images(count: int, channels: int, side: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, channels, side, side), dtype=torch.uint8)


@pytest.mark.parametrize(("name", "structure"), [("cnn", CNN), ("mlp", MLP), ("resnet", RESNET)])
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_answer_one_logit_for_each_class(
    name: str, structure: dict, channels: int
) -> None:
    network = build_network(
        name,
        structure,
        shape=(20, 20, channels),
        classes=7,
        mean=[1.0] * channels,
        std=[2.0] * channels,
    )
    assert network(images(3, channels, 20)).shape == (3, 7)


@settings(max_examples=40)
@given(
    side=st.integers(8, 40),
    filters=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    kernel=st.integers(1, 15),
    stride=st.integers(1, 8),
    pool=st.integers(1, 8),
)
def test_no_setting_shrinks_the_image_to_nothing(
    side: int, filters: list[int], kernel: int, stride: int, pool: int
) -> None:
    structure = {"filters": filters, "kernel": kernel, "stride": stride, "pool": pool}
    network = build_network(
        "cnn",
        structure | {"hidden": 3, "dropout": 0.0},
        shape=(side, side, 1),
        classes=2,
        mean=[0.0],
        std=[1.0],
    )
    assert network(images(2, 1, side)).shape == (2, 2)


@settings(max_examples=40)
@given(
    side=st.one_of(st.integers(8, 80), st.just(224)),
    channels=st.sampled_from([1, 3]),
    stages=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=8),
)
def test_a_resnet_takes_images_of_any_size(
    side: int, channels: int, stages: list[tuple[int, int]]
) -> None:
    widths, depths = (list(each) for each in zip(*stages, strict=True))
    network = build_network(
        "resnet",
        RESNET | {"widths": widths, "depths": depths},
        shape=(side, side, channels),
        classes=3,
        mean=[0.0] * channels,
        std=[1.0] * channels,
    )
    assert network(images(2, channels, side)).shape == (2, 3)


def test_the_blocks_of_a_resnet_begin_as_the_identity() -> None:
    block = Block(4, 4, stride=1)
    features = torch.rand(2, 4, 5, 5)
    assert torch.equal(block(features), features)


def test_the_lectures_filters_are_a_setting() -> None:
    network = build_network(
        "cnn", CNN | {"kernel": 4, "stride": 2}, shape=(32, 32, 1), classes=2, mean=[0.0], std=[1.0]
    )
    first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
    assert first.kernel_size == (4, 4)
    assert first.stride == (2, 2)


def test_normalisation_belongs_to_the_network() -> None:
    network = build_network(
        "mlp", MLP, shape=(8, 8, 3), classes=2, mean=[10.0, 20.0, 30.0], std=[2.0, 4.0, 5.0]
    )
    seen = []
    network.body.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.tensor([12, 28, 30], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 8, 8))
    assert seen[0][0, :, 0, 0].tolist() == [1.0, 2.0, 0.0]


def test_the_same_seed_builds_the_same_network() -> None:
    def weights() -> list[torch.Tensor]:
        torch.manual_seed(3)
        network = build_network("cnn", CNN, shape=(8, 8, 1), classes=2, mean=[0.0], std=[1.0])
        return list(network.state_dict().values())

    assert all(torch.equal(a, b) for a, b in zip(weights(), weights(), strict=True))
