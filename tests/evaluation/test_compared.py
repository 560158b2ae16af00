"""Two models on the same images."""

from math import comb

import numpy as np
import pytest

from constancy.evaluation.compared import mcnemar


def test_only_images_on_which_they_differ_count() -> None:
    one = np.array([True] * 50 + [True] * 9 + [False] * 2 + [False] * 30)
    other = np.array([True] * 50 + [False] * 9 + [True] * 2 + [False] * 30)
    tail = sum(comb(11, k) for k in range(3)) / 2**11
    assert mcnemar(one, other) == pytest.approx(2 * tail)
    assert mcnemar(other, one) == mcnemar(one, other)


def test_models_that_never_differ_do_not_differ() -> None:
    same = np.array([True, False])
    assert mcnemar(same, same) == 1


def test_under_the_null_it_is_seldom_small() -> None:
    rng = np.random.default_rng(0)
    found = [mcnemar(rng.random(200) < 0.8, rng.random(200) < 0.8) for _ in range(400)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 0.02
