"""Intervals against what is known of them; false promotions and power by simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from constancy.registry.noninferiority import (
    images_needed,
    mean_interval,
    standing,
    tango_interval,
)

MARGIN = 0.03


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((0.001, 0.02), "superior"),
        ((0.0, 0.02), "non-inferior"),
        ((-0.029, 0.02), "non-inferior"),
        ((-0.029, -0.01), "non-inferior"),  # worse, but by less than may be lost
        ((-0.03, 0.02), "inconclusive"),
        ((-0.05, -0.03), "inconclusive"),
        ((-0.05, -0.031), "inferior"),
    ],
)
def test_the_standing_follows_from_where_the_interval_lies(
    limits: tuple[float, float], expected: str
) -> None:
    assert standing(limits, MARGIN) == expected


@pytest.mark.parametrize("count", [1, 30, 1000])
def test_without_changes_the_interval_has_a_closed_form(count: int) -> None:
    z = stats.norm.ppf(0.975)
    limit = z**2 / (count + z**2)
    assert tango_interval(0, 0, count) == pytest.approx((-limit, limit))


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_share_is_superior_where_mcnemars_test_says_so(gained: int, lost: int) -> None:
    """The asymptotic one: it is this score test of no difference."""
    low, _ = tango_interval(gained, lost, 200)
    statistic = (gained - lost) / np.sqrt(max(gained + lost, 1))
    if abs(statistic - stats.norm.ppf(0.975)) > 1e-6:
        assert (low > 0) == (statistic > stats.norm.ppf(0.975))


@given(st.integers(1, 400), st.data())
def test_an_interval_holds_what_was_seen_and_mirrors(count: int, data: st.DataObject) -> None:
    gained = data.draw(st.integers(0, count))
    lost = data.draw(st.integers(0, count - gained))
    low, high = tango_interval(gained, lost, count)
    seen = (gained - lost) / count
    assert -1 <= low <= seen + 1e-9
    assert seen - 1e-9 <= high <= 1
    assert tango_interval(lost, gained, count) == pytest.approx((-high, -low), abs=1e-6)


@given(st.integers(1, 200), st.data())
def test_the_limits_are_where_the_score_test_changes_its_mind(
    count: int, data: st.DataObject
) -> None:
    """Against the likelihood, maximised on a grid instead of by Tango's formula."""
    gained = data.draw(st.integers(0, count))
    lost = data.draw(st.integers(0, count - gained))
    low, high = tango_interval(gained, lost, count)
    for limit in (low, high):
        if abs(limit) > 0.999:
            continue
        only_other = np.linspace(max(0, -limit), (1 - limit) / 2, 20_001)
        parts = (
            (gained, only_other + limit),
            (lost, only_other),
            (count - gained - lost, 1 - limit - 2 * only_other),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = [np.where(n > 0, n * np.log(p), 0.0) for n, p in parts]
        best = only_other[np.nanargmax(sum(terms))]
        deviation = np.sqrt((2 * best + limit - limit**2) / count)
        score = abs((gained - lost) / count - limit) / deviation
        assert score == pytest.approx(stats.norm.ppf(0.975), rel=0.02)


def counts_of(rng: np.random.Generator, count: int, difference: float, changed: float) -> list[int]:
    """How many images are gained and lost, where so many answers change."""
    shares = [(changed + difference) / 2, (changed - difference) / 2, 1 - changed]
    return rng.multinomial(count, shares)[:2].tolist()


@pytest.mark.parametrize(("count", "changed"), [(270, 0.05), (270, 0.2), (1000, 0.05), (60, 0.1)])
def test_a_share_that_loses_the_margin_passes_in_at_most_5_of_100_cases(
    count: int, changed: float
) -> None:
    rng = np.random.default_rng(count)
    drawn = [tuple(counts_of(rng, count, -MARGIN, changed)) for _ in range(4000)]
    verdicts = {each: standing(tango_interval(*each, count), MARGIN) for each in set(drawn)}
    passed = sum(verdicts[each] in ("superior", "non-inferior") for each in drawn)
    assert passed / len(drawn) <= 0.05


def gains_of(rng: np.random.Generator, count: int, difference: float) -> np.ndarray:
    """What each image gains: the mean over ten variants, of which few change on most images."""
    shaken = rng.random(count) < 0.15
    change = rng.integers(-10, 11, count) / 10
    return np.where(shaken, change, 0.0) + np.where(
        rng.random(count) < abs(difference) / 0.3, np.sign(difference) * 0.3, 0.0
    )


def all_or_nothing(rng: np.random.Generator, count: int, difference: float) -> np.ndarray:
    """Images of which all variants are lost, and none gained."""
    return -(rng.random(count) < -difference).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [gains_of, all_or_nothing])
@pytest.mark.parametrize("count", [200, 400])
def test_a_mean_that_loses_the_margin_passes_in_at_most_5_of_100_cases(
    count: int, draw: Callable[[np.random.Generator, int, float], np.ndarray]
) -> None:
    rng, times = np.random.default_rng(count), 500
    intervals = (mean_interval(draw(rng, count, -MARGIN), 1.0, rng) for _ in range(times))
    passed = sum(standing(each, MARGIN) in ("superior", "non-inferior") for each in intervals)
    assert passed / times <= 0.05


def gains(gained: int, lost: int, count: int) -> np.ndarray:
    return np.repeat([1.0, -1.0, 0.0], [gained, lost, count - gained - lost])


@pytest.mark.parametrize(
    ("difference", "changed"), [(0.0, 0.06), (-0.01, 0.04), (-0.06, 0.1), (0.0, 0.01)]
)
def test_so_many_images_settle_it_in_80_of_100_cases(difference: float, changed: float) -> None:
    rng, count, times = np.random.default_rng(1), 2000, 2000
    seen = [round(count * (changed + sign * difference) / 2) for sign in (1, -1)]
    needed = images_needed(gains(*seen, count), MARGIN)
    assert needed is not None
    settled = 0
    for _ in range(times):
        limits = tango_interval(*counts_of(rng, needed, difference, changed), needed)
        settled += standing(limits, MARGIN) != "inconclusive"
    assert settled / times == pytest.approx(0.8, abs=0.06)


@pytest.mark.slow
def test_so_many_images_settle_a_mean_in_80_of_100_cases() -> None:
    rng = np.random.default_rng(2)
    needed = images_needed(gains_of(rng, 500_000, 0.0), MARGIN)
    assert needed is not None
    drawn = (mean_interval(gains_of(rng, needed, 0.0), 1.0, rng) for _ in range(400))
    settled = np.mean([standing(each, MARGIN) != "inconclusive" for each in drawn])
    assert settled == pytest.approx(0.8, abs=0.08)


def test_models_that_do_not_differ_need_no_more_than_tango_says() -> None:
    """On fewer images than that the interval of no change is wider than the margin."""
    needed = images_needed(gains(0, 0, 60), 0.02)
    z = stats.norm.ppf(0.975)
    assert needed == pytest.approx(z**2 / 0.02 - z**2, rel=0.1)


def test_no_number_of_images_settles_a_loss_of_just_the_margin() -> None:
    assert images_needed(gains(0, 3, 100), MARGIN) is None


def test_a_scale_of_scores_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    drawn = gains_of(rng, 200, 0.0)
    assert images_needed(drawn, MARGIN) == images_needed(2 * drawn, 2 * MARGIN, 2.0)
    one, two = (mean_interval(k * drawn, k, np.random.default_rng(4)) for k in (1.0, 2.0))
    assert two == pytest.approx((2 * one[0], 2 * one[1]))
