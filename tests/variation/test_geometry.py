"""Camera and size against cases worked out by hand; bends that never fold."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from constancy.seeds import generator
from constancy.variation.geometry import (
    Displacement,
    bent,
    displacement_of_each,
    pixel_grid,
    resized,
    turned,
)
from constancy.variation.waves import SMOOTHING


def displacement(
    rms: float, strongest: float, rng: np.random.Generator, height: int, width: int
) -> Displacement:
    return displacement_of_each([bent(rms, strongest, rng, height, width)])[0]


SHAPES = st.tuples(st.integers(8, 48), st.integers(8, 48))
FINE_SHAPES = st.tuples(st.integers(100, 300), st.integers(100, 300))


def cells(points: np.ndarray) -> np.ndarray:
    """Twice the signed areas of the four triangles at the corners of every cell between pixels."""
    corners = [points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]]
    areas = []
    for n in range(4):
        before, here, after = corners[n - 1], corners[n], corners[(n + 1) % 4]
        a, b = after - here, before - here
        areas.append(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
    return np.stack(areas)


def test_a_turned_camera_sees_what_perspective_says() -> None:
    """300 x 400 pixels: the focal length is 500, the centre (199.5, 149.5)."""
    camera = turned(30, 0, 0, 300, 400)
    # 100 to the right: 100 cos 30 / (1 - 100 sin 30 / 500) = 86.603 / 0.9; 50 down: 50 / 0.9.
    right = camera.targets(np.array([[[299.5, 199.5]]], np.float32))[0, 0]
    assert right == pytest.approx([199.5 + 96.225, 149.5 + 55.556], abs=1e-3)
    # 100 to the left, the far side: 86.603 / 1.1 and 50 / 1.1.
    left = camera.targets(np.array([[[99.5, 199.5]]], np.float32))[0, 0]
    assert left == pytest.approx([199.5 - 78.730, 149.5 + 45.455], abs=1e-3)


def test_roll_turns_the_picture_clockwise() -> None:
    rolled = turned(0, 0, 90, 11, 11)
    assert rolled.targets(np.array([[[8, 5]]], np.float32))[0, 0] == pytest.approx([5, 8])


@pytest.mark.parametrize(
    ("toward", "near", "far"),
    [
        (math.pi, [[0, 0], [0, 31]], [[31, 0], [31, 31]]),
        (-math.pi / 2, [[0, 0], [31, 0]], [[0, 31], [31, 31]]),
    ],
    ids=["left", "up"],
)
def test_the_side_to_which_the_camera_moves_looks_larger(
    toward: float, near: list, far: list
) -> None:
    camera = turned(20, toward, 0, 32, 32)
    one, other = (camera.targets(np.array([side], np.float32))[0] for side in (near, far))
    assert np.linalg.norm(one[0] - one[1]) > 31 > np.linalg.norm(other[0] - other[1])


@given(st.floats(0, 60), st.floats(-4, 4), st.floats(-60, 60), SHAPES)
def test_no_camera_moves_the_centre_or_turns_the_picture_over(
    tilt: float, toward: float, roll: float, shape: tuple[int, int]
) -> None:
    height, width = shape
    camera = turned(tilt, toward, roll, height, width)
    centre = np.array([[[(width - 1) / 2, (height - 1) / 2]]], np.float32)
    assert camera.targets(centre) == pytest.approx(centre, abs=1e-4)
    assert (cells(camera.sources(pixel_grid(height, width))) > 0).all()


def test_size_counts_from_the_centre() -> None:
    half = resized(0.5, 20, 40)
    assert half.targets(np.array([[[0, 0], [39, 19]]], np.float32))[0].tolist() == [
        [9.75, 4.75],
        [29.25, 14.25],
    ]
    assert half.shrink == 0.5
    assert resized(2, 20, 40).shrink == 1


@given(st.floats(1, 50), st.floats(-4, 4), st.floats(0.3, 3), SHAPES)
def test_sources_and_targets_undo_each_other(
    tilt: float, toward: float, size: float, shape: tuple[int, int]
) -> None:
    piece = turned(tilt, toward, 10, *shape).then(resized(size, *shape))
    grid = pixel_grid(*shape)
    assert piece.targets(piece.sources(grid)) == pytest.approx(grid, abs=1e-2)


@given(st.integers(0, 2**32), st.floats(0.1, 6), SHAPES)
@settings(max_examples=50)
def test_a_bend_is_undone_by_its_targets(seed: int, rms: float, shape: tuple[int, int]) -> None:
    bend = displacement(rms, rms, generator(seed), *shape)
    grid = pixel_grid(*shape)
    sources = bend.sources(grid)
    inside = (sources >= 0).all(axis=2) & (sources <= np.array(shape)[::-1] - 1).all(axis=2)
    back = bend.targets(sources)
    # OpenCV interpolates in steps of 1/32 pixel. Back in the picture a strong bend makes more of
    # what that loses, without bound where it nearly folds; seen from the source it is the same.
    assert bend.sources(back)[inside] == pytest.approx(sources[inside], abs=0.05)
    if rms <= 3:
        assert back[inside] == pytest.approx(grid[inside], abs=0.02)


@given(st.integers(0, 2**32), st.floats(0.01, 20), SHAPES | FINE_SHAPES)
@settings(max_examples=200)
@example(136, 10.5, (100, 135))
def test_bends_never_fold(seed: int, rms: float, shape: tuple[int, int]) -> None:
    """The determinant, at the corners of all cells of four pixels, where it is smallest."""
    points = displacement(rms, rms, generator(seed), *shape).sources(pixel_grid(*shape))
    assert (cells(points) > 0).all()


@given(st.integers(0, 2**32), st.floats(0.01, 20), SHAPES)
def test_a_bend_is_as_strong_as_asked_and_no_shift(
    seed: int, rms: float, shape: tuple[int, int]
) -> None:
    field = displacement(rms, rms, generator(seed), *shape).field.astype(float)
    length = np.sqrt((field**2).sum(axis=2).mean())
    assert length == pytest.approx(rms / 100 * min(shape), rel=1e-4)
    assert np.abs(field.mean(axis=(0, 1))).max() < 1e-4 * length


@pytest.mark.parametrize("seed", range(40))
def test_a_stronger_bend_is_the_same_one_stronger(seed: int) -> None:
    weak, strong = (displacement(rms, 6, generator(seed), 32, 32).field for rms in (0.5, 1.5))
    assert strong == pytest.approx(3 * weak, abs=1e-5)


def test_bends_are_as_smooth_as_gaussian_smoothed_noise() -> None:
    """How alike displacement_of_each some pixels apart are, against SciPy's filter on white noise."""
    side, lags = 32, (1, 3, 6, 10)

    def likeness(fields: list[np.ndarray]) -> list[float]:
        all_fields = np.stack([field - field.mean() for field in fields])
        power = (all_fields**2).mean()
        return [
            float((all_fields[:, :, :-lag] * all_fields[:, :, lag:]).mean() / power) for lag in lags
        ]

    ours = [displacement(1, 1, generator(seed), side, side).field[..., 0] for seed in range(400)]
    noise = np.random.default_rng(0)
    theirs = [
        gaussian_filter(noise.standard_normal((side, side)), SMOOTHING * side, mode="reflect")
        for _ in range(400)
    ]
    assert likeness(ours) == pytest.approx(likeness(theirs), abs=0.05)


def test_the_same_draw_bends_large_pictures_as_it_bends_small_ones() -> None:
    small, large = (displacement(2, 2, generator(3), side, side).field for side in (32, 128))
    averaged = large.reshape(32, 4, 32, 4, 2).mean(axis=(1, 3)) / 4
    assert averaged == pytest.approx(small, abs=0.01)


def test_between_pixels_a_bend_is_interpolated() -> None:
    field = np.zeros((4, 4, 2), np.float32)
    field[:, 2:, 0] = 1
    bend = Displacement(field)
    halfway = np.array([[[1.5, 1]]], np.float32)
    assert bend.sources(halfway)[0, 0] == pytest.approx([2, 1])
