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


class Raised(nn.BatchNorm2d):
    """A norm that does more, as timm's with an activation do."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features) + 1


class Twice(nn.Sequential):
    """A sequence that is none: it adds what its first layer says to its last."""

    def forward(self, features: Tensor) -> Tensor:
        first = self[0](features)
        return first + self[2](self[1](first))


class Shared(nn.Module):
    """The same ReLU at the end of a sequence, and where its input is still needed."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), self.act)
        self.last = nn.Conv2d(4, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        features = self.last(self.stem(images))
        return features + self.act(features)


def by_batch(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, track_running_stats=False)


def of(body: nn.Module) -> Network:
    """A network of three channels whose norms have seen something."""
    network = Network(body, [99.0] * 3, [9.0] * 3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            nn.init.normal_(module.running_mean)
    return network.eval()


@pytest.mark.parametrize(
    "body",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), Raised(4), nn.ReLU()),
        nn.Sequential(nn.Conv2d(3, 4, 3), by_batch(4), nn.ReLU()),
        Twice(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
    ],
)
def test_what_only_looks_like_a_sequence_of_these_is_left_alone(
    body: nn.Module, images: Tensor
) -> None:
    network = of(body)
    with torch.inference_mode():
        assert (fused(network)(images) == network(images)).all()


def test_a_relu_that_stands_elsewhere_too_overwrites_nothing_there(images: Tensor) -> None:
    network = of(Shared())
    with torch.inference_mode():
        torch.testing.assert_close(fused(network)(images), network(images), rtol=1e-4, atol=1e-4)


def test_a_convolution_that_stands_in_two_places_is_folded_in_one(images: Tensor) -> None:
    layer = nn.Conv2d(3, 3, 3, padding=1)
    network = of(nn.Sequential(layer, nn.BatchNorm2d(3), layer))
    with torch.inference_mode():
        torch.testing.assert_close(fused(network)(images), network(images), rtol=1e-4, atol=1e-4)


def test_a_relu_after_a_folded_norm_needs_no_memory_of_its_own(images: Tensor) -> None:
    """Others keep what they were given."""
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
    ready = fused(of(nn.Sequential(*plain, nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())))
    assert [each.inplace for each in ready.body if isinstance(each, nn.ReLU)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_what_somebody_looks_at_still_happens(place: int, images: Tensor) -> None:
    network = of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    seen: list[Tensor] = []
    network.body[place].register_forward_hook(lambda *passed: seen.append(passed[2]))
    with torch.inference_mode():
        assert (network(images) == fused(network)(images)).all()
    assert len(seen) == 2
    assert (seen[0] == seen[1]).all()


def test_in_bf16_the_answers_are_nearly_the_same(images: Tensor) -> None:
    network = trained("cnn")
    with torch.inference_mode():
        exact = network(images)
        with torch.autocast("cpu", torch.bfloat16):
            found = fused(network)(images)
    assert (found - exact).abs().max() < 0.05 * exact.abs().max()
