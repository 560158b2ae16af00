"""Sliders move an image as the factors do: smoothly, and beyond the five severities."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from constancy.paths import SUITES
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import FARTHEST, Subject
from constancy.settings.base import PIXEL_FACTORS
from constancy.variation.beyond import going_on
from constancy.variation.suites import INTRA_CLASS


def change(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_sliders_at_zero_leave_the_image_as_it_is(playground: Playground) -> None:
    subject = playground.picked(3)
    assert np.array_equal(playground.varier.vary(subject, {}, 0), subject.pixels)
    zeros = dict.fromkeys(PIXEL_FACTORS, 0.0)
    assert np.array_equal(playground.varier.vary(subject, zeros, 5), subject.pixels)


@pytest.mark.parametrize("factor", PIXEL_FACTORS)
def test_each_slider_changes_the_picture_up_to_its_end(playground: Playground, factor: str) -> None:
    subject = playground.picked(3)
    pictures = [playground.varier.vary(subject, {factor: s}, 0) for s in (0.0, 2.0, 5.0, FARTHEST)]
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert all(each.shape == subject.pixels.shape for each in pictures)


@pytest.mark.parametrize("factor", ["viewpoint", "illumination", "scale", "deformation"])
def test_a_small_move_is_a_small_change(playground: Playground, factor: str) -> None:
    subject = playground.picked(3)
    steps = [playground.varier.vary(subject, {factor: s / 10}, 0) for s in range(71)]
    whole = max(change(steps[0], each) for each in steps)
    assert max(change(a, b) for a, b in pairwise(steps)) < whole / 4


def test_chance_stands_still_until_another_draw_is_asked_for(playground: Playground) -> None:
    subject, severities = playground.picked(3), {"viewpoint": 3.0, "occlusion": 2.0}
    one, again, other = (playground.varier.vary(subject, severities, draw) for draw in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_several_factors_meet_in_one_picture(playground: Playground) -> None:
    subject, vary = playground.picked(3), playground.varier.vary
    both = vary(subject, {"viewpoint": 3.0, "occlusion": 3.0}, 0)
    hidden = vary(subject, {"occlusion": 3.0}, 0)
    covered = (vary(Subject(subject.pixels * 0, "", 3), {"occlusion": 3.0}, 0) > 0).any()
    assert change(both, hidden) > 0
    assert change(both, vary(subject, {"viewpoint": 3.0}, 0)) > 0
    assert covered or change(hidden, subject.pixels) > 0


def test_strengths_go_on_beyond_five_as_far_as_they_may(playground: Playground) -> None:
    strengths = playground.varier.variation.strengths
    assert going_on(strengths.viewpoint, 6).tilt[-1] == pytest.approx(40)
    assert going_on(strengths.viewpoint, 7).roll[-1] == pytest.approx(21)
    assert going_on(strengths.illumination, 7).shade[-1] == 1
    assert going_on(strengths.deformation, 7).rms[-1] == 6
    steep = strengths.scale.model_copy(update={"smaller": [0.9, 0.8, 0.7, 0.5, 0.2]})
    assert going_on(steep, 7).smaller[-1] == 0.1
    assert going_on(strengths.clutter, 7).patches[:4] == strengths.clutter.patches[:4]


def test_what_a_slider_stands_for_is_told_in_units(playground: Playground) -> None:
    subject, told = playground.picked(3), playground.varier.strength
    assert told(subject, "viewpoint", 3, 0).endswith("15°, roll ≤ 9°")
    assert told(subject, "viewpoint", 6, 0).endswith("40°, roll ≤ 18°")
    assert told(subject, "occlusion", 2.5, 0) == "15 % of the area"
    assert "mired" not in told(subject, "illumination", 3, 0)  # a grey image has no colour
    assert told(subject, "clutter", 0, 0) == ""


def test_the_direction_that_is_told_is_the_one_that_is_seen(playground: Playground) -> None:
    subject = Subject(np.pad(np.full((8, 8, 1), 255, np.uint8), ((4, 4), (4, 4), (0, 0))), "")
    for draw in range(8):
        told = playground.varier.strength(subject, "scale", 4, draw)
        grown = playground.varier.vary(subject, {"scale": 4.0}, draw).sum() > subject.pixels.sum()
        assert told.startswith("larger") == grown


def test_intra_class_walks_from_usual_to_odd_through_the_fifths_of_the_suite(
    playground: Playground,
) -> None:
    subject = playground.picked(3)
    table = pd.read_parquet(SUITES / "test" / INTRA_CLASS)
    assert playground.stock is not None
    images = playground.stock.images
    seen = []
    for severity in (0.5, 1.5, 2.5, 3.5, 4.5):
        pixels = playground.varier.vary(subject, {"intra-class": severity}, 0)
        (row,) = np.flatnonzero((images == pixels).all(axis=(1, 2, 3)))
        assert playground.stock.labels[row] == subject.label
        seen.append(table.loc[row])
    assert [each["severity"] for each in seen] == [1, 2, 3, 4, 5]
    assert np.all(np.diff([each["distance"] for each in seen]) > 0)
    assert "of this class" in playground.varier.strength(subject, "intra-class", 5.0, 0)


def test_an_image_without_a_class_has_no_other_specimens(playground: Playground) -> None:
    brought = Subject(playground.picked(3).pixels, "photo.png")
    assert not playground.varier.can_swap(brought)
    assert "nobody said what class" in playground.varier.strength(brought, "intra-class", 0, 0)
    varied = playground.varier.vary(brought, {"intra-class": 4.0}, 0)
    assert np.array_equal(varied, brought.pixels)
    assert change(playground.varier.vary(brought, {"clutter": 3.0}, 0), brought.pixels) > 0
