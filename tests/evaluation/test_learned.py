"""Pictures of what a network learned are those of the network."""

import numpy as np
import torch

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.invariance import TOP, Invariance
from constancy.evaluation.learned import (
    EXCITED_LAYERS,
    MAPPED_LAYERS,
    MAPS,
    UNITS,
    what_was_learned,
)
from constancy.evaluation.predict import predict_logits
from constancy.models.layers import feature_layers
from constancy.models.network import Network, build_network

CNN = {"filters": [4, 8], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0}


def built(name: str, structure: dict, images: np.ndarray) -> tuple[Network, Invariance]:
    channels = images.shape[-1]
    network = build_network(
        *(name, structure),
        shape=images.shape[1:],
        classes=3,
        mean=[100.0] * channels,
        std=[50.0] * channels,
    ).eval()
    invariance = Invariance(network)
    with invariance.watching():
        predict_logits(network, images, 8, after=lambda _: invariance.take_base())
        invariance.settle()
    return network, invariance


def noise(count: int = 20, side: int = 16, channels: int = 1) -> np.ndarray:
    shape = (count, side, side, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_filters_are_stretched_about_grey() -> None:
    images = noise(channels=3)
    network, invariance = built("cnn", CNN, images)
    with torch.no_grad():
        first = network.body.blocks[0][0].weight
        first[0] = 0
        first[1] = torch.linspace(-2, 1, 27).reshape(3, 3, 3)
    filters = what_was_learned(network, images[0], invariance).filters
    assert len(filters) == 4
    assert all(each.shape == (3, 3, 3) and each.dtype == np.uint8 for each in filters)
    assert (filters[0] == 128).all()
    assert (filters[1].min(), filters[1].max()) == (0, round(127.5 + 127.5 / 2))


def test_maps_show_the_channels_that_the_image_excites_most() -> None:
    images = noise()
    network, invariance = built("cnn", CNN, images)
    maps = what_was_learned(network, images[3], invariance).maps
    assert list(maps) == ["blocks.0.2", "blocks.1.2"]
    with torch.inference_mode():
        normal = (torch.from_numpy(images[3:4]).permute(0, 3, 1, 2).float() - 100) / 50
        output = network.body.blocks[0][:3](normal)[0].numpy()
    order = np.argsort(-output.mean(axis=(1, 2)))
    expected = output[order[0]] * 255 / output[order[0]].max()
    assert np.abs(maps["blocks.0.2"][0][..., 0] - expected).max() <= 0.51
    assert len(maps["blocks.1.2"]) == min(MAPS, 8)


def test_images_that_excite_a_unit_come_in_order() -> None:
    images = noise()
    network, invariance = built("cnn", CNN, images)
    found = what_was_learned(network, images[0], invariance).exciting
    with torch.inference_mode():
        normal = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 100) / 50
        activations = network.body.blocks[0][:3](normal).mean(dim=(2, 3)).numpy()
    for unit, positions in found["blocks.0.2"].items():
        assert positions == np.argsort(-activations[:, unit], kind="stable")[:TOP].tolist()


def test_a_dense_network_has_units_but_neither_filters_nor_maps() -> None:
    images = noise()
    found = what_was_learned(*swap(built("mlp", {"hidden": [8], "dropout": 0.0}, images), images))
    assert found.filters == []
    assert found.maps == {}
    assert list(found.exciting) == ["layers.3"]


def swap(
    pair: tuple[Network, Invariance], images: np.ndarray
) -> tuple[Network, np.ndarray, Invariance]:
    return pair[0], images[0], pair[1]


def test_a_deep_network_is_shown_in_part() -> None:
    images = noise(side=64, channels=3)
    network, invariance = built("torchvision:resnet18", {}, images)
    found = what_was_learned(network, images[0], invariance)
    layers = list(feature_layers(network.body))
    assert len(found.maps) == MAPPED_LAYERS
    assert next(iter(found.maps)) == layers[0]
    assert len(found.exciting) == EXCITED_LAYERS
    assert all(len(units) <= UNITS for units in found.exciting.values())
    assert len(found.filters) == 64


def test_pictures_of_a_real_model_are_of_its_suite(evaluation: Evaluation) -> None:
    assert evaluation.learned.filters
    for units in evaluation.learned.exciting.values():
        for positions in units.values():
            assert max(positions) < len(evaluation.suite)
