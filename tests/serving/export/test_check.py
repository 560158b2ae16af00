"""A file that answers otherwise is told from one that does not."""

import numpy as np
import pytest

from constancy.errors import UserError
from constancy.serving.export.check import largest_difference

IMAGES = np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1)


def sure(images: np.ndarray) -> np.ndarray:
    """The second of two classes, nearly as probable as the first."""
    return np.tile(np.array([0.50002, 0.49998], np.float32), (len(images), 1))


def test_what_is_the_same_differs_by_nothing() -> None:
    assert largest_difference(sure, sure, IMAGES) == 0


def test_probabilities_may_differ_by_little() -> None:
    near = largest_difference(sure, lambda images: sure(images) + np.float32([9e-5, 0]), IMAGES)
    assert near == pytest.approx(9e-5, rel=1e-3)
    with pytest.raises(UserError, match=r"differ by up to 0\.0002 \(allowed: 0\.0001\)"):
        largest_difference(sure, lambda images: sure(images) + np.float32([2e-4, 0]), IMAGES)


def test_labels_may_not_differ() -> None:
    with pytest.raises(UserError, match="labels of 9 of 9 test images; nothing was written"):
        largest_difference(sure, lambda images: sure(images)[:, ::-1], IMAGES)


def test_a_file_that_answers_well_one_at_a_time_alone_is_refused() -> None:
    with pytest.raises(UserError, match=r"differ by up to 0\.1"):
        largest_difference(sure, lambda some: sure(some) + 0.1 * (len(some) == 7), IMAGES)


def test_answers_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(UserError, match="differ by up to nan"):
        largest_difference(sure, lambda images: sure(images) * np.nan, IMAGES)
