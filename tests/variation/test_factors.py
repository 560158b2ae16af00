"""What all six factors promise: the same draw the same pixels, more severity more change."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import picture, split

from constancy.seeds import generator
from constancy.settings.base import PIXEL_FACTORS
from constancy.settings.variation import Strengths
from constancy.variation.factors import FACTORS, strength_at
from constancy.variation.light import DISPLAY_GAMMA
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors

WAYS = [(name, direction) for name in FACTORS for direction in FACTORS[name].directions]


def seen(
    name: str,
    strengths: Strengths,
    severity: float,
    seed: int = 0,
    direction: str | None = None,
    shape: tuple[int, int, int] = (32, 32, 1),
    number: int = 0,
) -> np.ndarray:
    """Picture `number` under a factor."""
    others = split(12, shape, first=100)
    scene = Scene(shape, 0, Donors.of(others.images, others.labels))
    own = getattr(strengths, name)
    piece = FACTORS[name].draw(own, severity, generator(seed), scene, direction)
    image = picture(number, shape)
    return View.of([piece]).apply(image, border_colors(image[None])[0])


def change(name: str, strengths: Strengths, severity: float, direction: str | None) -> float:
    """How much a factor changes pixels: the mean over many draws."""
    changes = []
    for seed in range(25):
        before = picture(seed).astype(float)
        after = seen(name, strengths, severity, seed, direction, number=seed)
        changes.append(np.abs(after - before).mean())
    return float(np.mean(changes))


def test_the_factors_are_those_of_the_settings() -> None:
    assert tuple(FACTORS) == PIXEL_FACTORS


@given(st.floats(0, 5), st.lists(st.floats(-100, 100), min_size=5, max_size=5), st.floats(-9, 9))
def test_strengths_lie_on_lines_between_the_settings(
    severity: float, steps: list[float], identity: float
) -> None:
    expected = np.interp(severity, range(6), [identity, *steps])
    assert strength_at(severity, steps, identity) == pytest.approx(expected, abs=1e-9)


def test_strengths_at_whole_severities_are_exactly_those_of_the_settings() -> None:
    steps = [0.05, 0.1, 0.2, 0.3, 0.4]
    assert [strength_at(severity, steps, 0) for severity in range(6)] == [0, *steps]


@pytest.mark.parametrize("name", FACTORS)
def test_severity_0_changes_nothing(name: str, strengths: Strengths) -> None:
    assert (seen(name, strengths, 0) == picture(0)).all()


@pytest.mark.parametrize("name", FACTORS)
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    name: str, strengths: Strengths
) -> None:
    first = seen(name, strengths, 3, seed=1)
    assert (first == seen(name, strengths, 3, seed=1)).all()
    assert (first != seen(name, strengths, 3, seed=2)).any()


@pytest.mark.parametrize(("name", "direction"), WAYS)
def test_pixels_change_more_with_every_severity(
    name: str, direction: str, strengths: Strengths
) -> None:
    changes = [change(name, strengths, severity, direction) for severity in range(6)]
    assert changes[0] == 0
    assert all(low < high for low, high in pairwise(changes))


@pytest.mark.parametrize("name", FACTORS)
def test_changes_grow_between_whole_severities_too(name: str, strengths: Strengths) -> None:
    changes = [change(name, strengths, severity, None) for severity in (0.2, 1.4, 3.3, 4.9)]
    assert 0 < changes[0] < changes[1] < changes[2] < changes[3]


@pytest.mark.parametrize("shape", [(32, 32, 3), (20, 31, 1), (48, 17, 3), (8, 8, 1), (224, 224, 3)])
@pytest.mark.parametrize("name", FACTORS)
def test_every_size_and_color_keeps_its_form(
    name: str, shape: tuple[int, int, int], strengths: Strengths
) -> None:
    after = seen(name, strengths, 5, shape=shape)
    assert after.shape == shape
    assert after.dtype == np.uint8
    assert (after != picture(0, shape)).any()


def test_grey_pictures_stay_grey_where_three_channels_are_alike(strengths: Strengths) -> None:
    image = np.repeat(picture(0), 3, axis=2)
    scene = Scene(image.shape, 0)
    for name in ("viewpoint", "scale", "deformation"):  # light has a colour
        piece = FACTORS[name].draw(getattr(strengths, name), 4, generator(0), scene)
        after = View.of([piece]).apply(image, border_colors(image[None])[0])
        assert (after[..., 0] == after[..., 1]).all()
        assert (after[..., 0] == after[..., 2]).all()


@pytest.mark.parametrize("name", ["illumination", "scale"])
def test_without_a_direction_each_one_is_drawn(name: str, strengths: Strengths) -> None:
    original = picture(0).mean()
    brighter = [seen(name, strengths, 5, seed).mean() > original for seed in range(30)]
    assert 5 < sum(brighter) < 25


def test_training_sees_objects_from_every_side(strengths: Strengths) -> None:
    leanings = set()
    for seed in range(60):
        piece = FACTORS["viewpoint"].draw(
            strengths.viewpoint, 5, generator(seed), Scene((32, 32, 1))
        )
        lean = piece.back[2, :2]
        leanings.add(int(np.arctan2(lean[1], lean[0]) // (np.pi / 4)))
    assert len(leanings) == 8


def test_light_comes_from_any_side_and_leaves_the_other_one_nearly_black(
    strengths: Strengths,
) -> None:
    shape, sides, darkest = (32, 32, 1), set(), []
    white = np.full(shape, 255, np.uint8)
    down, right = np.mgrid[-1:1:32j, -1:1:32j]
    for seed in range(60):
        piece = FACTORS["illumination"].draw(
            strengths.illumination, 5, generator(seed), Scene(shape)
        )
        lit = View.of([piece]).apply(white, border_colors(white[None])[0])[..., 0] / 255
        toward = np.arctan2((down * (lit - lit.mean())).sum(), (right * (lit - lit.mean())).sum())
        sides.add(int(toward // (np.pi / 4)))
        darkest.append(lit.min() ** DISPLAY_GAMMA)
    assert len(sides) == 8
    assert np.median(darkest) < 0.02  # of the light


@pytest.mark.parametrize("severity", [-0.1, 5.1, float("nan")])
def test_a_severity_that_does_not_exist_is_refused(severity: float, strengths: Strengths) -> None:
    with pytest.raises(ValueError, match="severity must be from 0 to 5"):
        FACTORS["scale"].draw(strengths.scale, severity, generator(0), Scene((32, 32, 1)))


def test_a_direction_that_does_not_exist_is_refused(strengths: Strengths) -> None:
    with pytest.raises(ValueError, match="scale has no direction 'left': known: smaller, larger"):
        FACTORS["scale"].draw(strengths.scale, 1, generator(0), Scene((32, 32, 1)), "left")
