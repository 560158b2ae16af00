"""Flips, consistency and orbits: what variation does to each image's answer."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from constancy.evaluation.stability import balance, consistency, flips, orbits

CLEAN = np.array([True, True, False, False])
VARIED = np.array(
    [
        [[1, 1, 0, 1], [1, 1, 0, 0]],  # severity 1, two directions
        [[1, 1, 0, 1], [1, 0, 0, 0]],
        [[1, 0, 0, 0], [1, 1, 1, 0]],
    ],
    dtype=bool,
)


def test_flips_are_counted_image_by_image() -> None:
    harmful, helpful = flips(CLEAN, VARIED)
    assert harmful == pytest.approx([0, 2 / 6, 0, 0])
    assert helpful == pytest.approx([0, 0, 1 / 6, 2 / 6])


def test_flips_account_for_the_whole_difference_in_accuracy() -> None:
    rng = np.random.default_rng(0)
    clean, varied = rng.random(90) < 0.8, rng.random((5, 3, 90)) < 0.7
    harmful, helpful = (each.mean() for each in flips(clean, varied))
    assert varied.mean() - clean.mean() == pytest.approx(helpful - harmful)


def test_an_orbit_is_right_while_every_variant_up_to_there_is() -> None:
    assert orbits(CLEAN, VARIED).tolist() == [
        [True, True, False, False],
        [True, False, False, False],
        [True, False, False, False],
    ]


@pytest.mark.parametrize("seed", range(3))
def test_consistency_is_cohens_kappa(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = rng.integers(0, 4, 60)
    varied = np.where(rng.random((5, 2, 60)) < 0.6, clean, rng.integers(0, 4, (5, 2, 60)))
    expected = cohen_kappa_score(np.tile(clean, 10), varied.reshape(-1))
    assert consistency(clean, varied, 4) == pytest.approx(expected)


def test_a_constant_model_is_not_called_consistent() -> None:
    always = np.full(20, 2)
    assert consistency(always, np.full((5, 3, 20), 2), 4) is None
    assert consistency(np.arange(20) % 4, np.full((5, 3, 20), 2), 4) == 0
    assert consistency(np.arange(20) % 4, np.tile(np.arange(20) % 4, (5, 3, 1)), 4) == 1


def test_balanced_groups_weigh_the_same() -> None:
    groups = np.array([4, 4, 4, 7])
    weights = balance(groups)
    assert weights.mean() == pytest.approx(1)
    assert weights[groups == 4].sum() == pytest.approx(weights[groups == 7].sum())
