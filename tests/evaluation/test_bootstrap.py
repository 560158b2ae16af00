"""Intervals hold what they should as often as they say, and agree with SciPy's."""

import numpy as np
import pytest
from scipy import stats

from constancy.evaluation.bootstrap import (
    interval,
    resampled_means,
    share_interval,
)


def drawn(values: np.ndarray, seed: int = 0, draws: int = 10_000) -> np.ndarray:
    return resampled_means(values, np.random.default_rng(seed), draws)


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
        low, high = share_interval(right, drawn(right[:, None], each, 1000)[:, 0])
        held += low <= rate <= high
    assert stats.binomtest(held, times, 0.95).pvalue > 0.001


@pytest.mark.parametrize("count", [1, 10, 1000])
def test_where_all_are_alike_the_interval_is_the_exact_one(count: int) -> None:
    for share in (1, 0):
        values = np.full(count, float(share))
        exact = stats.binomtest(share * count, count).proportion_ci(method="exact")
        assert share_interval(values, drawn(values[:, None])[:, 0]) == pytest.approx(exact)
    half, exact = np.full(count, 0.5), stats.binomtest(count, count).proportion_ci(method="exact")
    low, high = share_interval(half, drawn(half[:, None])[:, 0])
    assert (low, high) == pytest.approx((0.5 * exact.low, 1 - 0.5 * exact.low))


def test_the_same_seed_gives_the_same_draws() -> None:
    values = np.random.default_rng(0).random((300, 3))
    assert np.array_equal(drawn(values, 5), drawn(values, 5))
    assert not np.array_equal(drawn(values, 5), drawn(values, 6))
