"""Light against values worked out by hand, and against what cameras and black bodies do."""

import math
from typing import Any

import numpy as np
import pytest
from pictures import lighting

from constancy.variation.light import DAYLIGHT, Lamp, Light, colour_of, light_of_each


def lit(shape: tuple[int, int, int], seed: int = 0, **light: Any) -> Light:
    return light_of_each([lighting(shape, seed, **light)])[0]


ACROSS = {"place": 0.5, "width": 1.0}  # fades from one side of the picture to the other


def test_light_is_the_formula() -> None:
    """Value 128 at gamma 2 is 128^2 / 255 = 64.25; half the light is 0.5^(1/2.2) = 0.7297 of it."""
    image = np.full((5, 9, 1), 128, np.uint8)
    after = lit((5, 9, 1), gamma=2, lamp=Lamp(0, shade=0.5, **ACROSS)).apply(image)
    s = (np.arange(9) + 0.5) / 9
    light = 1 - 0.5 * (3 * s**2 - 2 * s**3)
    assert after[0, :, 0].tolist() == np.rint(64.25 * light ** (1 / 2.2)).tolist()
    assert (after == after[0]).all()
    assert after[0, 4, 0] == round(64.25 * 0.75 ** (1 / 2.2))


def test_an_exposure_alone_is_the_same_everywhere() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    brighter = lit(image.shape, gamma=1 / 3).apply(image)
    expected = 255 * (np.arange(256) / 255) ** (1 / 3)
    assert np.abs(brighter.ravel() - expected).max() <= 0.51


@pytest.mark.parametrize("toward", np.linspace(0, 2 * math.pi, 9))
def test_light_fades_in_its_direction_and_ends_where_the_lamp_does(toward: float) -> None:
    image = np.full((20, 31, 3), 200, np.uint8)
    lamp = Lamp(toward, place=0.4, width=0.5, shade=1)
    after = lit(image.shape, lamp=lamp).apply(image).astype(int)
    assert (after == after[:, :, :1]).all()
    assert after.max() == 200
    assert after.min() == 0
    y, x = np.mgrid[:20, :31]
    along = math.cos(toward) * (x - 15) + math.sin(toward) * (y - 9.5)
    place = along / (abs(math.cos(toward)) * 31 + abs(math.sin(toward)) * 20) + 0.5
    assert (after[place < 0.4 - 0.25] == 200).all()
    assert (after[place > 0.4 + 0.25] == 0).all()
    falling = after[:, :, 0].ravel()[np.argsort(place.round(6).ravel(), kind="stable")]
    later = np.diff(np.sort(place.ravel())) > 1e-3
    assert (np.diff(falling)[later] <= 0).all()


@pytest.mark.parametrize(("height", "width"), [(32, 32), (16, 32), (32, 24)])
def test_light_is_the_same_at_every_resolution(height: int, width: int) -> None:
    lamp = Lamp(0.7, place=0.6, width=0.4, shade=0.99)
    small, large = (
        lit(
            (times * height, times * width, 1),
            lamp=lamp,
            uneven=0.5,
            metered=0.5,
            seed=3,
        )
        for times in (1, 10)
    )
    averaged = large.shading.reshape(height, 10, width, 10).mean((1, 3))
    assert np.abs(averaged - small.shading).max() < 0.02


@pytest.mark.parametrize("shape", [(64, 256), (200, 50), (48, 64)])
def test_a_lamp_stands_where_it_should_beside_pictures_that_are_not_square(
    shape: tuple[int, int],
) -> None:
    shading = lit((*shape, 1), lamp=Lamp(math.pi / 4, shade=0.9, **ACROSS)).shading
    down, across = (np.abs(np.diff(shading, axis=axis)).mean() for axis in (0, 1))
    assert math.degrees(math.atan2(down, across)) == pytest.approx(45, abs=3)


@pytest.mark.parametrize("shape", [(32, 32, 1), (9, 40, 3), (224, 160, 1), (1, 1, 1)])
def test_uneven_light_is_as_uneven_as_asked_for(shape: tuple[int, int, int]) -> None:
    stops = [2.2 * np.log2(lit(shape, uneven=0.4, seed=seed).shading) for seed in range(5)]
    expected = 0.4 if shape[0] > 1 else 0.0
    assert [each.std() for each in stops] == pytest.approx([expected] * 5, rel=0.03)


def test_the_camera_makes_up_for_as_much_light_as_it_meters() -> None:
    lamp = Lamp(1.0, place=0.5, width=0.8, shade=0.95)
    lost, half, whole = (
        (lit((32, 32, 1), lamp=lamp, metered=metered).shading ** 2.2).mean()
        for metered in (0.0, 0.5, 1.0)
    )
    assert lost < 0.6
    assert whole == pytest.approx(1, rel=1e-4)
    assert half == pytest.approx(math.sqrt(lost), rel=1e-4)
    # What is metered for the dark half is too much for the bright one.
    image = np.full((32, 32, 1), 240, np.uint8)
    assert (lit(image.shape, lamp=lamp, metered=1).apply(image) == 255).any()


def test_warm_light_is_red_and_cold_light_blue_and_neither_is_brighter() -> None:
    image = np.full((4, 4, 3), 128, np.uint8)
    red, _, blue = lit(image.shape, mired=80).apply(image)[0, 0].astype(int)
    assert red > 128 > blue
    red, _, blue = lit(image.shape, mired=-80).apply(image)[0, 0].astype(int)
    assert red < 128 < blue
    assert (lit(image.shape).apply(image) == image).all()
    assert (lit((4, 4, 1), mired=80).apply(image[:, :, :1]) == 128).all()


def black_body(kelvin: float) -> np.ndarray:
    """Linear sRGB of luminance 1: Planck's law seen by the CIE 1931 observer, in the closed form of
    Wyman, Sloan and Shirley 2013, "Simple analytic approximations to the CIE XYZ color matching
    functions", table 1."""
    wave = np.arange(360.0, 831.0)

    def lobe(middle: float, below: float, above: float) -> np.ndarray:
        return np.exp(-(((wave - middle) / np.where(wave < middle, below, above)) ** 2) / 2)

    observer = np.stack(
        [
            1.056 * lobe(599.8, 37.9, 31.0)
            + 0.362 * lobe(442.0, 16.0, 26.7)
            - 0.065 * lobe(501.1, 20.4, 26.2),
            0.821 * lobe(568.8, 46.9, 40.5) + 0.286 * lobe(530.9, 16.3, 31.1),
            1.217 * lobe(437.0, 11.8, 36.0) + 0.681 * lobe(459.0, 26.0, 13.8),
        ]
    )
    spectrum = wave**-5 / np.expm1(1.4388e7 / (wave * kelvin))
    to_rgb = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    rgb = np.array(to_rgb) @ (observer @ spectrum)
    return rgb / (rgb @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("kelvin", [2500, 3000, 3800, 4500, 5500, 8000, 12_000, 20_000])
def test_colours_are_those_of_black_bodies(kelvin: float) -> None:
    expected = black_body(kelvin) / black_body(DAYLIGHT)
    colour = colour_of(1e6 / kelvin - 1e6 / DAYLIGHT)
    np.testing.assert_allclose(colour, expected, rtol=0.03)


def test_the_original_is_left_alone() -> None:
    image = np.full((8, 8, 1), 100, np.uint8)
    lit(image.shape, gamma=2, lamp=Lamp(0, shade=0.5, **ACROSS)).apply(image)
    assert (image == 100).all()
