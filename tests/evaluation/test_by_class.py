"""Which classes variation costs most."""

import numpy as np
import pytest

from constancy.evaluation.by_class import worst_classes


def test_the_class_that_is_read_worst_under_the_factors_comes_first() -> None:
    labels = np.array([0, 0, 2, 2, 2])
    clean = np.array([True, True, True, False, True])
    scale = np.ones((5, 2, 5), bool)
    scale[4, :, 2] = False  # one fifth of the variants of one of three images
    clutter = np.ones((5, 1, 5), bool)
    clutter[:, 0, 0] = False  # all variants of one of two
    varied = {"scale": np.tile(scale, 5), "clutter": np.tile(clutter, 5)}
    first, second = worst_classes(np.tile(clean, 5), varied, np.tile(labels, 5), 10)
    assert (first.label, first.count, first.clean) == (0, 10, 1.0)
    assert first.factors == {"scale": 1.0, "clutter": 0.5}
    assert first.mean == pytest.approx(0.75)
    assert second.label == 2
    assert second.clean == pytest.approx(2 / 3)
    assert second.factors == pytest.approx({"scale": 14 / 15, "clutter": 1.0})


def test_no_more_than_asked_for() -> None:
    labels = np.repeat(np.arange(30), 10)
    found = worst_classes(labels >= 0, {"scale": np.ones((5, 1, 300), bool)}, labels, 10)
    assert [each.label for each in found] == list(range(10))


def test_of_classes_with_few_images_nothing_is_said() -> None:
    labels = np.repeat([0, 1], [9, 10])
    found = worst_classes(labels >= 0, {"scale": np.ones((5, 1, 19), bool)}, labels, 10)
    assert [each.label for each in found] == [1]
