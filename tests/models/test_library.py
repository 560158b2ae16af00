"""Networks of torchvision and timm, at any size and colour, and without a download."""

import sys
from pathlib import Path

import pytest
import torch
from torchvision import models

from constancy.errors import UserError
from constancy.models.disk import ModelCard, load_model, save_model
from constancy.models.layers import last_dense
from constancy.models.library import library_network
from constancy.models.memory import WithoutMemory

TORCHVISION = models.list_models(module=models)
LARGE = ("alexnet", "convnext", "inception", "maxvit", "vit")
TIMM = ("test_resnet", "test_efficientnet", "test_vit", "test_vit_relpos", "test_maxvit")


def card(name: str, size: int = 32, channels: int = 1) -> ModelCard:
    image = {"size": size, "color": "grey" if channels == 1 else "rgb", "fit": "pad"}
    return ModelCard(name, {}, ["a", "b", "c"], image, [1.0] * channels, [2.0] * channels)


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_classification_network_of_torchvision_takes_grey_and_small_images(name: str) -> None:
    side = 224 if name.startswith(LARGE) else 32
    with WithoutMemory():  # which tries a forward, too
        body = library_network(f"torchvision:{name}", (side, side, 1), 7)
    last = body.get_submodule(last_dense(body))
    assert 7 in (getattr(last, "out_features", 0), getattr(last, "out_channels", 0))


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "googlenet"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_of_torchvision_trains(name: str, channels: int) -> None:
    network = card(f"torchvision:{name}", channels=channels).build()
    logits = network(torch.randint(0, 256, (4, channels, 32, 32)))
    assert logits.shape == (4, 3)
    logits.sum().backward()
    assert all(each.grad is not None for each in network.parameters())


@pytest.mark.parametrize("size", [32, 64])
def test_the_stem_keeps_small_images_whole(size: int) -> None:
    seen = []
    body = library_network("torchvision:resnet18", (size, size, 3), 2)
    body.layer1.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[-1]))
    body(torch.zeros(2, 3, size, size))
    assert seen == [32 if size == 32 else 16]


def test_grey_filters_are_those_of_the_colours_together() -> None:
    torch.manual_seed(0)
    grey = library_network("torchvision:resnet18", (32, 32, 1), 2).eval()
    torch.manual_seed(0)
    color = library_network("torchvision:resnet18", (32, 32, 3), 2).eval()
    image = torch.rand(2, 1, 32, 32)
    assert torch.allclose(grey(image), color(image.expand(-1, 3, -1, -1)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchvision:resnet19", "torchvision has no classification .*'resnet19': did you mean 'resnet1"),
        ("torchvision:fasterrcnn_resnet50_fpn", "no classification network"),
        ("torchvision:raft_small", "no classification network"),
        ("timm:resnt18", "timm has no classification network 'resnt18': did you mean 'resnet18'"),
        ("timm:hf-hub:timm/resnet18.a1_in1k", "timm has no classification network"),
        ("timm:local-dir:.", "timm has no classification network"),
        ("torchvision:vit_b_32", "takes no images of 40 x 40 pixels"),
        ("torchvision:alexnet", "takes no images of 40 x 40 pixels"),
        ("torchvision:maxvit_t", "takes no images of 40 x 40 pixels"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(name: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^model.name: .*{message}"):
        library_network(name, (40, 40, 3), 2)


def test_a_missing_timm_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError, match=r"pip install 'constancy\[timm\]'"):
        library_network("timm:resnet18", (32, 32, 3), 2)


@pytest.mark.parametrize("name", [*(f"timm:{name}" for name in TIMM), "torchvision:resnet18"])
def test_a_network_of_a_library_comes_back_as_it_was_saved(tmp_path: Path, name: str) -> None:
    described = card(name, size=64 if "maxvit" not in name else 96)
    network = described.build().eval()
    save_model(tmp_path, network, described)
    again, loaded = load_model(tmp_path)
    assert loaded == described
    images = torch.randint(0, 256, (2, 1, *[described.image["size"]] * 2))
    assert torch.equal(again(images), network(images))


@pytest.mark.parametrize("name", ["torchvision:nosuch", "torchvision:", "other:resnet18"])
def test_a_card_with_another_name_is_refused(tmp_path: Path, name: str) -> None:
    described = card("torchvision:squeezenet1_1")
    save_model(tmp_path, described.build(), described)
    text = (tmp_path / "model.yaml").read_text()
    (tmp_path / "model.yaml").write_text(text.replace("torchvision:squeezenet1_1", name))
    with pytest.raises(UserError):
        load_model(tmp_path)
