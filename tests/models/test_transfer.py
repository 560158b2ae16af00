"""Weights of others go where they belong, or are refused; what is frozen is left out of training."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from constancy.errors import UserError
from constancy.models.disk import ModelCard, save_model
from constancy.models.layers import last_dense
from constancy.models.network import Network, build_network
from constancy.models.transfer import check_start, freeze, load_weights, parameter_groups
from constancy.settings import check_settings

State = dict[str, Tensor]
RESNET = {"stem": 4, "widths": [6, 8], "depths": [1, 1], "dropout": 0.0}


def network(
    name: str = "resnet", *, channels: int = 3, classes: int = 2, seed: int = 0, size: int = 32
) -> Network:
    torch.manual_seed(seed)
    return build_network(
        name,
        RESNET if name == "resnet" else {},
        shape=(size, size, channels),
        classes=classes,
        mean=[1.0] * channels,
        std=[2.0] * channels,
    )


def write(state: State, name: str = "file.pt") -> str:
    torch.save(state, name)
    return name


def equal(one: State, other: State, *, but: str = "nothing") -> bool:
    return all(torch.equal(one[key], other[key]) for key in one if not key.startswith(but))


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "network.body.", "_orig_mod.module."])
def test_weights_are_taken_whatever_stands_before_their_names(in_tmp: Path, prefix: str) -> None:
    source, target = network().body.state_dict(), network(seed=1)
    load_weights(target, write({prefix + key: each for key, each in source.items()}))
    assert equal(source, target.body.state_dict())


def test_a_model_of_ours_is_a_start_but_for_its_normalisation(in_tmp: Path) -> None:
    image = {"size": 32, "color": "rgb", "fit": "pad"}
    card = ModelCard("resnet", RESNET, ["a", "b"], image, [9.0] * 3, [8.0] * 3)
    source, target = card.build(), network(seed=1)
    save_model(in_tmp, source, card)
    load_weights(target, "model.safetensors")
    assert equal(source.body.state_dict(), target.body.state_dict())
    assert target.mean.flatten().tolist() == [1.0] * 3


def test_the_last_layer_stays_fresh_where_the_classes_are_others(in_tmp: Path) -> None:
    source, target = network(classes=5).body.state_dict(), network(seed=1)
    before = target.body.head[-1].weight.clone()
    load_weights(target, write(source))
    assert torch.equal(target.body.head[-1].weight, before)
    assert equal(source, target.body.state_dict(), but="head.3")


@pytest.mark.parametrize(("file", "ours"), [(3, 1), (1, 3)])
def test_filters_of_colours_and_of_grey_images_give_the_same(
    in_tmp: Path, file: int, ours: int
) -> None:
    source, target = network(channels=file).eval(), network(channels=ours, seed=1).eval()
    load_weights(target, write(source.body.state_dict()))
    image = torch.rand(2, 1, 32, 32)
    colors = image.expand(-1, 3, -1, -1)
    given, expected = (each(image if c == 1 else colors) for each, c in
                       ((target, ours), (source, file)))  # fmt: skip
    assert torch.allclose(given, expected, atol=1e-5)


def without(part: str) -> Callable[[State], State]:
    return lambda state: {key: each for key, each in state.items() if part not in key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("stages.1"), r"lacks weights: stages\.1\.0\.body\.0\.weight, .* and \d+ more"),
        (lambda s: s | {"extra.weight": torch.ones(1)}, "this network has not: extra.weight"),
        (
            lambda s: s | {"stem.1.weight": torch.ones(5)},
            r"of other shapes: stem\.1\.weight of \(5,\), not \(4,\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    in_tmp: Path, change: Callable[[State], State], message: str
) -> None:
    with pytest.raises(UserError, match=rf"^model\.weights: file\.pt .*{message}"):
        load_weights(network(), write(change(network().body.state_dict())))


@pytest.mark.parametrize("part", ["head", "num_batches_tracked"])
def test_a_file_may_lack_what_training_makes_anew(in_tmp: Path, part: str) -> None:
    source, target = network().body.state_dict(), network(seed=1)
    load_weights(target, write(without(part)(source)))
    assert equal(without(part)(source), target.body.state_dict())


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("densenet121", {".norm1.": ".norm.1.", ".conv2.": ".conv.2."}),
        ("vit_b_32", {".mlp.0.": ".mlp.linear_1.", ".mlp.3.": ".mlp.linear_2."}),
        ("googlenet", {}),  # with a classifier beside the last
        ("mnasnet0_5", {}),  # asks for a version, which only some files have
    ],
)
def test_torchvisions_own_files_fit(in_tmp: Path, name: str, renamed: dict[str, str]) -> None:
    source = network(f"torchvision:{name}", classes=4).body.state_dict()
    file = {"aux1.fc1.bias": torch.ones(3)}
    for key, tensor in source.items():
        for new, old in renamed.items():
            key = key.replace(new, old)
        file[key] = tensor
    target = network(f"torchvision:{name}", seed=1)
    head = last_dense(target.body)
    load_weights(target, write(file))
    assert equal(source, target.body.state_dict(), but=head)


def test_frozen_parameters_are_left_out_and_their_batch_norms_keep_their_statistics() -> None:
    body = network()
    freeze(body, ["stem.*", "stages.0.*"])
    trained = {name for name, each in body.named_parameters() if each.requires_grad}
    assert trained
    assert all(name.startswith(("body.stages.1.", "body.head.")) for name in trained)
    assert sum(map(len, (g["params"] for g in parameter_groups(body, 1.0, 1.0)))) == len(trained)
    before = {key: each.clone() for key, each in body.state_dict().items()}
    body.eval()
    body.train()
    body(torch.rand(4, 3, 32, 32))
    changed = {key for key, each in body.state_dict().items() if not torch.equal(each, before[key])}
    assert changed
    assert all(name.startswith("body.stages.1.") for name in changed)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["stem.*", "stagse.0.*"], r"'stagse\.0\.\*' matches no .*nearest are .*stages\.0\.\*"),
        (["*"], "leaves nothing to train"),
    ],
)
def test_a_pattern_that_helps_nobody_is_told(patterns: list[str], message: str) -> None:
    with pytest.raises(UserError, match=rf"^model\.freeze.*{message}"):
        freeze(network(), patterns)


def test_the_body_has_a_lower_rate_than_the_last_layer() -> None:
    whole = network()
    last, rest = parameter_groups(whole, 0.5, 0.1)
    assert (last["lr"], rest["lr"]) == (0.5, 0.05)
    assert [each.shape for each in last["params"]] == [(2, 8), (2,)]
    assert len(last["params"]) + len(rest["params"]) == len(list(whole.parameters()))


def test_without_a_lower_rate_there_is_one_group_in_the_networks_order() -> None:
    whole = network()
    (group,) = parameter_groups(whole, 0.5, 1.0)
    assert all(a is b for a, b in zip(group["params"], whole.parameters(), strict=True))


def test_a_start_is_checked_before_any_work(in_tmp: Path, params: dict) -> None:
    settings = check_settings(params)
    assert check_start(settings.model, settings.data.image) is None
    for values, message in (
        ({"weights": "none.pt"}, "model.weights: none.pt cannot be read"),
        ({"name": "torchvision:resnet19"}, "model.name: .* did you mean 'resnet1"),
        ({"name": "torchvision:alexnet"}, "model.name: .* 32 x 32 pixels"),
    ):
        with pytest.raises(UserError, match=message):
            check_start(settings.model.model_copy(update=values), settings.data.image)
