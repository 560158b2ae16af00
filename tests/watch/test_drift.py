"""Alarms come seldom where nothing drifts, and where something does they come."""

import numpy as np
import pytest
from watched_project import Watched

from constancy.seeds import generator
from constancy.settings.base import PIXEL_FACTORS
from constancy.watch.drift import EFFECT, compare, holm, stability_index

Values = dict[str, np.ndarray]


def some(values: Values, rows: np.ndarray) -> Values:
    return {name: each[rows] for name, each in values.items()}


def alarms(reference: Values, production: Values, rng: np.random.Generator) -> set[str]:
    return {each.measure.name for each in compare(reference, production, rng) if each.alarm}


@pytest.mark.slow
def test_held_out_images_raise_alarms_no_oftener_than_the_level(watched: Watched) -> None:
    """Validation and test dealt anew: every alarm is false; 4 of 100 or more come by chance in 2 %."""
    kept, test = watched.measured(watched.validation.images), watched.measured(watched.test.images)
    both = {name: np.concatenate([kept[name], test[name]]) for name in kept}
    false = 0
    for number in range(100):
        rng = generator(0, "false alarms", number)
        rows = rng.permutation(len(both["labels"]))
        size = (30, 100, 200)[number % 3]
        false += bool(alarms(some(both, rows[size:]), some(both, rows[:size]), rng))
    assert false <= 3


def test_the_test_split_is_no_alarm_against_training(watched: Watched) -> None:
    rng = generator(0, "watch")
    assert not alarms(watched.reference, watched.measured(watched.test.images), rng)


@pytest.mark.parametrize("factor", PIXEL_FACTORS)
def test_each_factor_at_severity_3_is_seen(watched: Watched, factor: str) -> None:
    ways = [watched.measured(images) for images in watched.suite.images[factor][2]]
    seen = 0
    for number in range(5):
        rng = generator(0, factor, number)
        rows = rng.permutation(len(watched.suite))
        seen += bool(alarms(watched.reference, some(ways[number % len(ways)], rows), rng))
    assert seen >= 4


def test_another_mix_of_labels_is_seen(watched: Watched) -> None:
    test = watched.measured(watched.test.images)
    common = np.flatnonzero(watched.test.labels < 3)
    found = alarms(watched.reference, some(test, common), generator(0, "mix"))
    assert "labels" in found


def test_odd_specimens_are_seen_by_their_distance(watched: Watched) -> None:
    odd = watched.suite.intra_class
    rows = odd["row"].to_numpy()[(odd["severity"] == 5).to_numpy()]
    found = alarms(
        watched.reference, watched.measured(watched.test.images[rows]), generator(0, "odd")
    )
    assert "distance" in found


def test_a_trifle_is_no_alarm_however_many_images_show_it() -> None:
    rng = np.random.default_rng(0)
    usual, now = rng.normal(0, 1, 10_000), rng.normal(0.2, 1, 100_000)
    (found,) = compare({"brightness": usual}, {"brightness": now}, generator(0, "trifle"))
    assert found.p < 1e-9
    assert found.value < EFFECT
    assert not found.alarm


def test_medians_say_where_production_lies() -> None:
    usual, now = np.arange(100.0), np.full(50, 89.5)
    (found,) = compare({"contrast": usual}, {"contrast": now}, generator(0, "places"))
    assert (found.median, found.usual, found.above) == (89.5, 49.5, 0.9)


def test_holm_multiplies_by_what_is_left() -> None:
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])


def test_the_index_is_nothing_for_the_same_mix_and_large_for_another() -> None:
    same, other = np.array([1000, 1000]), np.array([1800, 200])
    assert stability_index(same, same) == 0
    assert stability_index(same, other) == pytest.approx(0.4 * np.log(9), rel=0.01)
