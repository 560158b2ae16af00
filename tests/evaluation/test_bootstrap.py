"""Intervals hold what they should as often as they say, and agree with SciPy's."""

import numpy as np
import pytest
from scipy import stats

from constancy.evaluation.bootstrap import (
    effective_count,
    gain_interval,
    interval,
    ratio_interval,
    resampled_means,
    resampled_shares,
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


def of_groups(right: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float]:
    """The interval of the mean over groups."""
    drawn = resampled_shares(right, groups, np.random.default_rng(seed), 2000).mean(axis=1)
    share = float(np.mean([right[groups == each].mean() for each in np.unique(groups)]))
    return share_interval(share, drawn, effective_count(groups))


@pytest.mark.parametrize(
    ("counts", "rates"),
    [((190, 30), (0.9, 0.8)), ((190, 10), (0.9, 0.6)), ((30,) * 10, (0.97,) * 10)],
)
def test_means_over_unequal_groups_hold_the_truth_and_are_no_wider_than_need_be(
    counts: tuple[int, ...], rates: tuple[float, ...]
) -> None:
    rng, times = np.random.default_rng(sum(counts)), 400
    groups = np.repeat(np.arange(len(counts)), counts)
    truth, held, widths = np.mean(rates), 0, []
    for each in range(times):
        low, high = of_groups(rng.random(len(groups)) < np.repeat(rates, counts), groups, each)
        held += low <= truth <= high
        widths.append(high - low)
    assert held / times >= 0.9
    variances = [rate * (1 - rate) / count for rate, count in zip(rates, counts, strict=True)]
    normal = 2 * 1.96 * np.sqrt(sum(variances)) / len(counts)
    assert np.mean(widths) == pytest.approx(normal, rel=0.15)


def test_a_small_group_that_is_all_right_leaves_open_more_than_a_large_one() -> None:
    def low(*counts: int) -> float:
        groups = np.repeat(np.arange(len(counts)), counts)
        return of_groups(np.ones(len(groups), bool), groups, 0)[0]

    assert low(100) == pytest.approx(stats.binomtest(100, 100).proportion_ci(method="exact")[0])
    assert low(50, 50) == pytest.approx(low(100))
    assert low(95, 5) < 0.85 < 0.95 < low(50, 50)


def test_groups_are_drawn_by_themselves() -> None:
    right, groups = np.random.default_rng(0).random(90) < 0.7, np.repeat([0, 1], [60, 30])
    found = resampled_shares(right, groups, np.random.default_rng(1))
    for group in (0, 1):
        own = right[groups == group].astype(float)
        expected = stats.bootstrap(
            (own,), np.mean, n_resamples=10_000, method="percentile", rng=2
        ).standard_error
        assert found[:, group].mean() == pytest.approx(own.mean(), abs=3e-3)
        assert found[:, group].std() == pytest.approx(expected, rel=0.05)


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


def test_a_mean_of_gains_has_no_interval_beyond_what_can_be_gained() -> None:
    """Few groups of unlike size weigh more than one each."""
    low, high = gain_interval(np.array([0.0, 0.0, 3.0]), np.random.default_rng(0))
    assert low < 1
    assert high == 1
