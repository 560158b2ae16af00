"""Both images of the most confusable pairs."""

import numpy as np
import pytest

from constancy.evaluation.sensitivity import group_sums, rival_pairs, score_sensitivity


def test_a_pair_counts_once_and_only_when_both_are_right() -> None:
    pairs = rival_pairs(np.array([1, 0, 0, 4, 3]))
    assert pairs.tolist() == [[0, 1], [0, 2], [3, 4]]
    right = np.array([True, True, False, True, True])
    found = score_sensitivity(right, pairs, np.random.default_rng(0))
    assert found is not None
    assert (found.accuracy, found.count) == (pytest.approx(2 / 3), 3)
    assert found.accuracy_interval[0] <= found.accuracy <= found.accuracy_interval[1]


def test_a_constant_model_tells_no_pair_apart() -> None:
    labels = np.array([0, 1, 0, 1])
    pairs = rival_pairs(np.array([1, 2, 3, 0]))
    found = score_sensitivity(labels == 0, pairs, np.random.default_rng(0))
    assert found is not None
    assert found.accuracy == 0


def test_images_of_one_class_have_no_rivals() -> None:
    pairs = rival_pairs(np.array([-1, -1]))
    assert score_sensitivity(np.ones(2, bool), pairs, np.random.default_rng(0)) is None


def test_pairs_that_share_an_image_are_no_pairs_of_their_own() -> None:
    """Fifty pairs that hang on one image say no more than that image."""
    hub = rival_pairs(np.array([1] + [0] * 50))
    right = np.ones(51, bool)
    for right[0] in (True, False):
        found = score_sensitivity(right, hub, np.random.default_rng(0))
        assert found is not None
        assert found.accuracy == right[0]
        assert found.accuracy_interval[1] - found.accuracy_interval[0] > 0.9


def test_intervals_hold_the_truth_where_some_images_are_the_rivals_of_many() -> None:
    rng, held, times = np.random.default_rng(0), 0, 300
    rivals = np.arange(400) // 20 * 20  # twenty images of which nineteen have the first as rival
    rivals[::20] += 1
    pairs = rival_pairs(rivals)
    for _ in range(times):
        found = score_sensitivity(rng.random(400) < 0.8, pairs, rng)
        assert found is not None
        held += found.accuracy_interval[0] <= 0.64 <= found.accuracy_interval[1]
    assert held / times > 0.88  # of twenty groups


def test_groups_hang_together_by_their_images() -> None:
    pairs = np.array([[0, 1], [1, 2], [5, 6], [3, 8], [6, 9]])
    sums = group_sums(np.array([1.0, 0, 1, 1, 1]), pairs)
    assert sorted(sums.tolist()) == [[1, 1], [1, 2], [2, 2]]
