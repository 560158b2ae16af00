"""The worst kind of specimens, and how bad it would be by chance."""

import numpy as np
import pytest

from constancy.evaluation.clusters import ClusterScore, worst_cluster


def worst(right: np.ndarray, labels: np.ndarray, clusters: np.ndarray) -> ClusterScore | None:
    return worst_cluster(right, labels, clusters, np.random.default_rng(0))


def test_the_one_with_the_most_mistakes_of_those_large_enough() -> None:
    labels = np.repeat([0, 1], [30, 24])
    clusters = np.concatenate([np.repeat([0, 1], 15), np.repeat([0, 1, 2], [10, 10, 4])])
    right = np.ones(54, bool)
    right[[0, 1, 16, 17, 18]] = False  # 2 of 15, and 3 of 15
    right[[30, 31, 32, 50, 51, 52]] = False  # 3 of 10, and 3 of only 4
    found = worst(right, labels, clusters)
    assert found is not None
    assert (found.label, found.cluster, found.count) == (1, 0, 10)
    assert found.accuracy == pytest.approx(0.7)


def test_none_where_all_are_small() -> None:
    assert worst(np.ones(9, bool), np.zeros(9, int), np.zeros(9, int)) is None


def test_where_clusters_differ_by_chance_alone_the_worst_is_as_bad_as_told() -> None:
    rng, labels = np.random.default_rng(1), np.repeat(range(5), 80)
    clusters = np.tile(np.repeat(range(4), 20), 5)
    found, told = [], []
    for _ in range(60):
        each = worst(rng.random(400) < 0.9, labels, clusters)
        assert each is not None
        found.append(each.accuracy)
        told.append(each.by_chance)
    assert np.mean(told) == pytest.approx(np.mean(found), abs=0.015)
    assert np.mean(told) < 0.8


def test_a_kind_that_is_really_worse_is_worse_than_by_chance() -> None:
    labels, clusters = np.zeros(400, int), np.repeat(range(4), 100)
    right = np.ones(400, bool)
    right[:40] = False
    found = worst(right, labels, clusters)
    assert found is not None
    assert found.accuracy == pytest.approx(0.6)
    assert found.by_chance > 0.8


def test_none_where_nothing_is_wrong() -> None:
    assert worst(np.ones(40, bool), np.zeros(40, int), np.zeros(40, int)) is None
