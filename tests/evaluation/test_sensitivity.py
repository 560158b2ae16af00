"""Both images of the most confusable pairs."""

import numpy as np
import pytest

from constancy.evaluation.sensitivity import rival_pairs, score_sensitivity


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
