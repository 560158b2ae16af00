"""Exposure and shading against values worked out by hand."""

import math

import numpy as np
import pytest

from constancy.variation.light import lit


def test_light_is_the_formula() -> None:
    """Value 128 at gamma 2 is 128^2 / 255 = 64.25; half the light is 0.5^(1/2.2) = 0.7297 of it."""
    image = np.full((5, 9, 1), 128, np.uint8)
    after = lit(2, 0.5, 0, 5, 9).apply(image)
    assert after[:, 0].tolist() == [[64]] * 5
    middle = 64.25 * 0.75 ** (1 / 2.2)  # t = 1/2: 3/4 - 2/8 = half of the shade is lost
    assert after[:, 4].tolist() == [[round(middle)]] * 5
    assert after[:, 8].tolist() == [[round(64.25 * 0.7297)]] * 5


def test_an_exposure_without_shade_is_the_same_everywhere() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    brighter = lit(1 / 3, 0, 1.0, 16, 16).apply(image)
    expected = 255 * (np.arange(256) / 255) ** (1 / 3)
    assert np.abs(brighter.ravel() - expected).max() <= 0.51


@pytest.mark.parametrize("toward", np.linspace(0, 2 * math.pi, 9))
def test_light_fades_in_its_direction_from_one_end_to_the_other(toward: float) -> None:
    image = np.full((20, 31, 3), 200, np.uint8)
    after = lit(1, 1, toward, 20, 31).apply(image).astype(int)
    assert (after == after[:, :, :1]).all()
    assert after.max() == 200
    assert after.min() == 0
    y, x = np.mgrid[:20, :31]
    along = (math.cos(toward) * x + math.sin(toward) * y).round(6).ravel()
    falling = after[:, :, 0].ravel()[np.argsort(along, kind="stable")]
    places = np.sort(along)
    later = np.diff(places) > 1e-3
    assert (np.diff(falling)[later] <= 0).all()


def test_the_original_is_left_alone() -> None:
    image = np.full((8, 8, 1), 100, np.uint8)
    lit(2, 0.5, 0, 8, 8).apply(image)
    assert (image == 100).all()
