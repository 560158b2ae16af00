"""Each measure says of an image what its name says."""

import numpy as np
import pytest

from constancy.watch.pixels import measure_pixels


def grey(values: np.ndarray) -> np.ndarray:
    return values.astype(np.uint8)[None, ..., None]


def square(side: int = 32, half: int = 8) -> np.ndarray:
    image = np.zeros((side, side))
    image[side // 2 - half : side // 2 + half, side // 2 - half : side // 2 + half] = 255
    return image


def test_light_is_measured_by_the_mean_and_the_spread() -> None:
    found = measure_pixels(
        np.stack([np.full((8, 8, 1), 51), np.eye(8)[..., None] * 255]).astype(np.uint8)
    )
    assert found["brightness"] == pytest.approx([0.2, 0.125])
    assert found["contrast"] == pytest.approx([0, (1 / 8 * 7 / 8) ** 0.5], abs=1e-6)
    assert "warmth" not in found


def test_shade_is_the_light_that_a_quarter_lacks() -> None:
    even, shaded = np.full((32, 32), 200), np.full((32, 32), 200)
    shaded[:16, :16] = 50
    assert measure_pixels(grey(even))["shade"] == pytest.approx(0)
    assert measure_pixels(grey(shaded))["shade"] == pytest.approx(0.75, abs=1e-4)


def test_colour_is_warm_or_cold_pale_or_not() -> None:
    red, blue, white = (
        np.full((8, 8, 3), color, np.uint8) for color in ((255, 0, 0), (0, 0, 255), 255)
    )
    found = measure_pixels(np.stack([red, blue, white]))
    assert found["warmth"].tolist() == [1, -1, 0]
    assert found["saturation"].tolist() == [1, 1, 0]
    assert found["brightness"] == pytest.approx([0.2126, 0.0722, 1], abs=1e-5)


def test_size_is_that_of_what_is_unlike_the_border() -> None:
    small, large = (measure_pixels(grey(square(half=half))) for half in (4, 8))
    assert small["object"] == pytest.approx(1 / 16)
    assert large["object"] == pytest.approx(1 / 4)
    assert large["background"] == pytest.approx(3 / 4)
    assert large["extent"] == pytest.approx(2 * small["extent"], rel=0.05)


def test_blur_lowers_sharpness_and_a_flatter_light_does_not() -> None:
    import cv2

    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (32, 32)).astype(np.uint8)
    sharp, flat, blurred = (
        float(measure_pixels(grey(each))["sharpness"][0])
        for each in (image, 64 + image // 2, cv2.GaussianBlur(image, (0, 0), 1))
    )
    assert blurred < sharp / 10
    assert flat == pytest.approx(sharp, rel=0.05)


def test_edges_count_where_they_are_and_plain_blocks_where_no_border_is() -> None:
    around, middle = np.zeros((32, 32)), np.zeros((32, 32))
    around[2:6, 2:6] = 255
    middle[14:18, 14:18] = 255
    one, other = measure_pixels(grey(around)), measure_pixels(grey(middle))
    assert one["surround"] > 0 == one["centre"]
    assert other["centre"] > 0 == other["surround"]
    assert measure_pixels(grey(square()))["blocks"] == pytest.approx(1 / 4)


@pytest.mark.parametrize("shape", [(3, 8, 8, 1), (3, 33, 33, 3)])
def test_blank_images_have_finite_numbers(shape: tuple[int, ...]) -> None:
    for values in measure_pixels(np.zeros(shape, np.uint8)).values():
        assert len(values) == shape[0]
        assert np.isfinite(values).all()
