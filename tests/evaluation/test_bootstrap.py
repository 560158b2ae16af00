"""Intervals hold what they should as often as they say, and agree with SciPy's."""

import numpy as np
import pytest
from scipy import stats

from constancy.evaluation.bootstrap import (
    gain_interval,
    interval,
    ratio_interval,
    resampled_means,
    share_interval,
)


def drawn(values: np.ndarray, seed: int = 0, draws: int = 10_000) -> np.ndarray:
    return resampled_means(values, np.random.default_rng(seed), draws)


def of_share(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    means = drawn(values[:, None], seed, 1000)[:, 0]
    return share_interval(float(values.mean()), means, len(values))


def test_draws_agree_with_scipys_bootstrap() -> None:
    values = np.random.default_rng(1).beta(4, 1, (120, 2)).round(1)
    found = drawn(values)
    for column in range(2):
        expected = stats.bootstrap(
            (values[:, column],), np.mean, n_resamples=10_000, method="percentile", rng=2
        )
        assert interval(found[:, column]) == pytest.approx(expected.confidence_interval, abs=3e-3)
        assert found[:, column].std() == pytest.approx(expected.standard_error, rel=0.05)


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(1).random((50, 1)) < 0.5
    both = drawn(np.hstack([values, ~values]).astype(float))
    assert both.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("rate", [0.6, 0.9])
def test_intervals_hold_the_truth_in_95_of_100_cases(rate: float) -> None:
    """Base images of unlike difficulty, with ten variants each: what counts is the images."""
    rng = np.random.default_rng(int(100 * rate))
    held, times = 0, 400
    for each in range(times):
        difficulty = rng.beta(8 * rate, 8 * (1 - rate), 150)
        right = rng.binomial(10, difficulty) / 10
        low, high = of_share(right, each)
        held += low <= rate <= high
    assert stats.binomtest(held, times, 0.95).pvalue > 0.001


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_where_all_are_alike_the_interval_is_the_exact_one(count: int) -> None:
    for share in (1, 0):
        values = np.full(count, float(share))
        exact = stats.binomtest(share * count, count).proportion_ci(method="exact")
        assert of_share(values) == pytest.approx(exact)
    half, exact = np.full(count, 0.5), stats.binomtest(count, count).proportion_ci(method="exact")
    assert of_share(half) == pytest.approx((0.5 * exact.low, 1 - 0.5 * exact.low))


def test_the_same_seed_gives_the_same_draws() -> None:
    values = np.random.default_rng(0).random((300, 3))
    assert np.array_equal(drawn(values, 5), drawn(values, 5))
    assert not np.array_equal(drawn(values, 5), drawn(values, 6))


@pytest.mark.parametrize("rate", [0.97, 0.985, 0.9885, 0.995])
def test_intervals_of_models_that_are_nearly_always_right_hold_the_truth(rate: float) -> None:
    """Where nothing or next to nothing is wrong, by the exact probabilities of each number of mistakes."""
    count = 273
    wrong = np.arange(25)
    held = []
    for number in wrong:
        low, high = of_share((np.arange(count) >= number).astype(float))
        held.append(low <= rate <= high)
    coverage = stats.binom.pmf(wrong, count, 1 - rate) @ np.array(held)
    assert coverage > 0.9


def test_more_mistakes_never_make_the_lower_end_higher() -> None:
    lows = [of_share((np.arange(273) >= number).astype(float))[0] for number in range(12)]
    assert lows == sorted(lows, reverse=True)


def test_ratios_hold_the_truth_in_95_of_100_cases() -> None:
    rng, held, times = np.random.default_rng(0), 0, 400
    for _ in range(times):
        easy = rng.beta(9, 1, 150)
        clean = rng.random(150) < easy
        varied = rng.binomial(5, 0.9 * easy) / 5
        part, whole = resampled_means(np.stack([varied, clean], axis=1), rng, 1000).T
        low, high = ratio_interval(varied.mean() / clean.mean(), part, whole, 150)
        held += low <= 0.9 <= high
    assert stats.binomtest(held, times, 0.95).pvalue > 0.001


def test_a_ratio_over_nothing_is_not_drawn() -> None:
    low, high = ratio_interval(1.0, np.array([0.5, 0.5]), np.array([0.0, 0.5]), 1000)
    assert (low, high) == pytest.approx((1, 1), abs=0.01)


@pytest.mark.parametrize("changed", range(9))
def test_few_gains_are_told_from_chance_as_the_exact_test_does(changed: int) -> None:
    gains = np.zeros(273)
    gains[:changed] = 1
    low, high = gain_interval(gains, np.random.default_rng(0))
    assert low < changed / 273 < high
    p = stats.binomtest(changed, changed).pvalue if changed else 1
    assert (low > 0) == (p < 0.05)


def test_gains_hold_the_truth_in_95_of_100_cases_even_where_little_changes() -> None:
    rng, held, times = np.random.default_rng(0), 0, 400
    for _ in range(times):
        gains = rng.choice([-1.0, 0.0, 1.0], 200, p=[0.02, 0.95, 0.03])
        low, high = gain_interval(gains, rng)
        held += low <= 0.01 <= high
    assert held / times > 0.93
