import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.evaluation.confusion import (
    Confusion,
    confusion_counts,
    growing_pairs,
    most_confused,
)


def test_rows_are_actual_and_columns_predicted() -> None:
    counts = confusion_counts(np.array([0, 0, 2, 2]), np.array([0, 1, 1, 1]), classes=4)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0]]


def test_the_commonest_mistakes_come_first_and_right_answers_never() -> None:
    counts = np.array([[90, 2, 8], [3, 7, 0], [3, 0, 0]])
    assert most_confused(counts, limit=3) == [
        Confusion(0, 2, 8, 0.08),
        Confusion(1, 0, 3, 0.3),
        Confusion(2, 0, 3, 1.0),
    ]


def test_a_model_without_mistakes_confuses_nothing() -> None:
    assert most_confused(np.diag([3, 4, 0]), limit=5) == []


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_all_mistakes_are_counted_once(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    mistakes = most_confused(confusion_counts(labels, predicted, 5), limit=25)
    assert sum(each.count for each in mistakes) == (labels != predicted).sum()
    assert all(0 < each.share <= 1 for each in mistakes)


def test_pairs_that_grow_with_severity_are_found_with_the_factor_that_makes_them() -> None:
    labels = np.array([0, 0, 1, 1])
    clean = np.array([0, 1, 1, 1])  # 0 is read as 1 once already
    scale, clutter = (np.tile(clean, (5, 2, 1)) for _ in range(2))
    scale[3:, :, 2] = 0  # from severity 4 on, half of 1 is read as 0
    clutter[4, 0, 2:] = 2  # at severity 5 and in one of two directions, all of 1 as 2
    varied = {"scale": np.tile(scale, 5), "clutter": np.tile(clutter, 5)}
    pairs = growing_pairs(np.tile(clean, 5), varied, np.tile(labels, 5), 3, limit=9)
    assert [(pair.actual, pair.predicted, pair.factor) for pair in pairs] == [
        (1, 0, "scale"),
        (1, 2, "clutter"),
    ]
    assert pairs[0].shares == pytest.approx([0, 0, 0, 0, 0.25, 0.25])
    assert pairs[1].shares == pytest.approx([0, 0, 0, 0, 0, 0.25])


def test_where_nothing_grows_no_pair_does() -> None:
    labels = np.tile([0, 1], 10)
    wrong = np.ones(20, int)
    assert growing_pairs(wrong, {"scale": np.tile(labels, (5, 1, 1))}, labels, 2, limit=9) == []


def test_of_classes_with_few_images_no_pair_is_told() -> None:
    labels = np.tile([0, 1], 9)
    wrong = np.tile(1 - labels, (5, 1, 1))
    assert growing_pairs(labels, {"scale": wrong}, labels, 2, limit=9) == []
