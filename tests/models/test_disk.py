"""A model on disk is a YAML card and safetensors; anything else is refused."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from constancy.errors import UserError
from constancy.models.disk import ModelCard, load_card, load_model, save_model, weights_digest

CARD = ModelCard(
    name="cnn",
    structure={"filters": [4], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.5},
    classes=["0", "null", "été: été", "<b>", "1e3"],
    image={"size": 12, "color": "grey", "fit": "pad"},
    mean=[3.5],
    std=[4.25],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_model(tmp_path, CARD.build(), CARD)
    return tmp_path


def test_a_model_comes_back_as_it_was_saved(folder: Path) -> None:
    network, card = load_model(folder)
    assert card == CARD
    assert not network.training
    images = torch.randint(0, 256, (3, 1, 12, 12), dtype=torch.uint8)
    torch.manual_seed(0)
    assert torch.equal(network(images), CARD.build().eval()(images))


def test_the_digest_is_that_of_the_weights(folder: Path) -> None:
    before = weights_digest(folder)
    weights = load_file(folder / "model.safetensors")
    weights["body.head.4.bias"][0] += 1e-3
    save_file(weights, folder / "model.safetensors")
    assert weights_digest(folder) != before


def test_the_same_weights_make_the_same_file(folder: Path, tmp_path: Path) -> None:
    before = weights_digest(folder)
    network, card = load_model(folder)
    save_model(folder, network, card)
    assert weights_digest(folder) == before


@pytest.mark.parametrize("name", ["model.yaml", "model.safetensors"])
def test_a_missing_file_is_told(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"holds no model: {name} is missing"):
        load_model(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "name: cnn",
        "name: [",
        "!!python/object/apply:os.system ['true']",
        "\x00",
        "[" * 5000,
    ],
)
def test_a_card_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "model.yaml").write_text(text)
    with pytest.raises(UserError, match="does not describe a model"):
        load_card(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: cnn", "name: nosuch"),
        ("kernel: 3", "kernel: -3"),
        ("kernel: 3", "kernel: three"),
        ("kernel: 3", "kern: 3"),
        ("filters: [4]", "filters: [1000000000000]"),
        ("size: 12", "size: 100000"),
        ("size: 12", "side: 12"),
        ("mean: [3.5]", "mean: x"),
        ("mean: [3.5]", "mean: []"),
    ],
)
def test_a_card_with_a_wrong_value_is_refused(folder: Path, old: str, new: str) -> None:
    card = (folder / "model.yaml").read_text()
    assert old in card
    (folder / "model.yaml").write_text(card.replace(old, new))
    with pytest.raises(UserError):
        load_model(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    save_file({"x": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        load_model(folder)


def test_weights_of_another_precision_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file({name: each.double() for name, each in weights.items()}, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"does not fit .* is torch\.float64, not torch\.float32"):
        load_model(folder)


def test_a_pickle_is_never_loaded(folder: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (open, (str(folder / "exploded"), "w"))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="does not fit"):
        load_model(folder)
    assert not (folder / "exploded").exists()
