"""Firing rates of layers: as Goodfellow et al. define them, for networks whose rates are known."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from constancy.evaluation.invariance import RATE, Invariance, LayerInvariance
from constancy.evaluation.predict import predict_logits
from constancy.models.network import Network

SIDE, COUNT = 4, 100


class Layer(nn.Module):
    """Units that are functions of the image."""

    def __init__(self, units: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.units = units
        self.part = nn.Identity()  # so that it counts as a block

    def forward(self, images: Tensor) -> Tensor:
        return self.units(images)


def network(units: Callable[[Tensor], Tensor]) -> Network:
    body = nn.Sequential(Layer(units), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    return Network(body, [0.0], [1.0]).eval()


def measured(
    units: Callable[[Tensor], Tensor], base: np.ndarray, variants: np.ndarray
) -> LayerInvariance:
    built = network(lambda images: units(images)[:, :, None, None])
    built.body[3] = nn.LazyLinear(2)
    invariance = Invariance(built)
    with torch.inference_mode(), invariance.watching():
        predict_logits(built, base, 32, after=lambda _: invariance.take_base())
        invariance.settle()
        predict_logits(
            built, variants, 32, after=lambda rows: invariance.take_variants("scale", rows)
        )
    (layer,) = invariance.scores().values()
    return layer


def brightness(images: Tensor) -> Tensor:
    return images.mean(dim=(2, 3))


@pytest.fixture
def base() -> np.ndarray:
    """Images that are each of their own brightness."""
    levels = np.random.default_rng(0).permutation(COUNT)
    return np.broadcast_to(levels[:, None, None, None], (COUNT, SIDE, SIDE, 1)).astype(np.uint8)


def test_a_unit_that_variation_leaves_alone_scores_the_most(base: np.ndarray) -> None:
    found = measured(brightness, base, np.stack([np.stack([base, base])] * 5))
    assert found == LayerInvariance(1, 0, {"scale": pytest.approx(1 / RATE)})


def test_a_unit_that_knows_an_image_no_longer_scores_one(base: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    variants = np.stack([base[rng.permutation(COUNT)] for _ in range(2000)]).reshape(
        (5, 400, *base.shape)
    )
    assert measured(brightness, base, variants).factors["scale"] == pytest.approx(1, abs=0.15)


def test_a_unit_that_fires_for_half_of_the_variants_scores_half(base: np.ndarray) -> None:
    # The others are those of another image, so that the unit fires no less often.
    order = np.argsort(base[:, 0, 0, 0], kind="stable")
    shifted = base.copy()
    shifted[order] = np.roll(base[order], COUNT // 2, axis=0)
    variants = np.stack([np.stack([base, shifted])] * 5)
    assert measured(brightness, base, variants).factors["scale"] == pytest.approx(0.5 / RATE)


def test_units_that_say_the_same_of_all_images_are_dead(base: np.ndarray) -> None:
    def units(images: Tensor) -> Tensor:
        level = brightness(images)
        return torch.cat([level, torch.zeros_like(level), torch.relu(level - COUNT + 2)], dim=1)

    found = measured(units, base, base[None, None])
    assert (found.units, found.dead) == (3, 2)
    assert found.factors["scale"] == pytest.approx(1 / RATE)


def test_a_layer_of_dead_units_alone_has_a_score(base: np.ndarray) -> None:
    found = measured(lambda images: 0 * brightness(images), base, base[None, None])
    assert found == LayerInvariance(1, 1, {"scale": None})


def test_a_unit_that_fires_for_whatever_varies_knows_no_image(base: np.ndarray) -> None:
    white = np.full((5, 1, *base.shape), 255, np.uint8)
    assert measured(brightness, base, white).factors["scale"] == pytest.approx(1)


def test_a_unit_that_never_fires_for_variants_has_lost_its_images(base: np.ndarray) -> None:
    black = np.zeros((5, 1, *base.shape), np.uint8)
    assert measured(brightness, base, black).factors["scale"] == 0


def test_a_unit_that_says_the_most_that_it_can_of_nearly_all_images_is_dead(
    base: np.ndarray,
) -> None:
    found = measured(lambda images: brightness(images).clamp(max=1), base, base[None, None])
    assert found == LayerInvariance(1, 1, {"scale": None})


def test_nothing_is_watched_any_more_afterwards(base: np.ndarray) -> None:
    built = network(lambda images: brightness(images)[:, :, None, None])
    invariance = Invariance(built)
    with invariance.watching():
        pass
    predict_logits(built, base, 32)
    invariance.take_base()
    invariance.settle()
    assert invariance.scores() == {}
