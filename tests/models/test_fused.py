"""Fused networks answer as the networks that they are made of."""

import pytest
import torch
from torch import Tensor, nn

from constancy.evaluation.features import watching
from constancy.models.fused import fused
from constancy.models.network import Network, build_network

STRUCTURES = {
    "cnn": {"filters": [4, 8], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0},
    "mlp": {"hidden": [8, 4], "dropout": 0.0},
    "resnet": {"stem": 4, "widths": [4, 8], "depths": [2, 1], "dropout": 0.0},
}
NAMES = ["cnn", "mlp", "resnet", "torchvision:resnet18", "torchvision:mobilenet_v3_small"]


def trained(name: str) -> Network:
    """A network whose batch norms have seen something, in evaluation mode."""
    torch.manual_seed(0)
    facts = {"shape": (32, 32, 3), "classes": 5, "mean": [100.0] * 3, "std": [50.0] * 3}
    network = build_network(name, STRUCTURES.get(name, {}), **facts)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.3)
            nn.init.normal_(module.bias, 0, 0.3)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def outputs(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Of all feature layers by name, and the logits."""
    found: dict[str, Tensor] = {}
    with torch.inference_mode(), watching(network, lambda name, out: found.update({name: out + 0})):
        found["logits"] = network(images)
    return found


@pytest.fixture
def images() -> Tensor:
    return torch.randint(0, 256, (7, 32, 32, 3), dtype=torch.uint8).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", NAMES)
def test_all_layers_say_the_same(name: str, images: Tensor) -> None:
    network = trained(name)
    before, after = outputs(network, images), outputs(fused(network), images)
    assert list(before) == list(after)
    for layer, expected in before.items():
        scale = float(expected.abs().max())
        torch.testing.assert_close(after[layer], expected, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("name", "left"), [("cnn", 0), ("resnet", 0), ("torchvision:resnet18", 17)]
)
def test_batch_norms_in_sequences_are_gone(name: str, left: int) -> None:
    """Those of torchvision's residual blocks stand in no sequence, but for the shortcuts'."""
    network = trained(name)
    norms = [each for each in fused(network).modules() if isinstance(each, nn.BatchNorm2d)]
    assert len(norms) == left
    assert any(isinstance(each, nn.BatchNorm2d) for each in network.modules())


def test_the_network_itself_stays_as_it_was(images: Tensor) -> None:
    network = trained("resnet")
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.inference_mode():
        before = network(images)
        fused(network)(images)
        assert (network(images) == before).all()
    assert all((network.state_dict()[name] == tensor).all() for name, tensor in state.items())


class Activated(nn.BatchNorm2d):
    """As timm has them: a norm that rectifies, too."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features).relu()


class Twice(nn.Sequential):
    """A sequence that is none: it adds what its first layer says to its last."""

    def forward(self, features: Tensor) -> Tensor:
        first = self[0](features)
        return first + self[2](self[1](first))


@pytest.mark.parametrize("body", [Twice, nn.Sequential])
@pytest.mark.parametrize(
    "norm", [Activated, lambda n: nn.BatchNorm2d(n, track_running_stats=False)]
)
def test_what_only_looks_like_a_sequence_of_these_is_left_alone(body, norm, images: Tensor) -> None:
    torch.manual_seed(0)
    network = Network(body(nn.Conv2d(3, 4, 3), norm(4), nn.ReLU()), [100.0] * 3, [50.0] * 3).eval()
    with torch.inference_mode():
        assert (fused(network)(images) == network(images)).all()


def test_a_sequence_that_adds_is_left_alone(images: Tensor) -> None:
    torch.manual_seed(0)
    network = Network(
        Twice(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), [99.0] * 3, [9.0] * 3
    )
    nn.init.normal_(network.body[1].running_mean)
    network.eval()
    with torch.inference_mode():
        assert (fused(network)(images) == network(images)).all()
