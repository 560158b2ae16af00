"""The untouched test images, class by class, as scikit-learn counts them."""

import numpy as np
import pytest
from sklearn import metrics

from constancy.evaluation.clean import ClassScore, CleanScore, score_clean


def scored(logits: np.ndarray, labels: np.ndarray) -> CleanScore:
    names = [f"class {number}" for number in range(logits.shape[1])]
    return score_clean(logits, labels, names, np.random.default_rng(0))


def test_scores_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 12, 300)
    logits = rng.normal(size=(300, 12)) + 2 * np.eye(12)[labels]
    found, answers = scored(logits, labels), logits.argmax(1)
    assert found.accuracy == metrics.accuracy_score(labels, answers)
    assert found.balanced_accuracy == pytest.approx(
        metrics.balanced_accuracy_score(labels, answers)
    )
    assert found.macro_f1 == pytest.approx(metrics.f1_score(labels, answers, average="macro"))
    assert found.top5_accuracy == pytest.approx(metrics.top_k_accuracy_score(labels, logits, k=5))
    report = metrics.classification_report(labels, answers, output_dict=True)
    for number, (name, each) in enumerate(found.classes.items()):
        expected = report[str(number)]
        assert name == f"class {number}"
        assert each.precision == pytest.approx(expected["precision"])
        assert each.recall == pytest.approx(expected["recall"])
        assert each.count == expected["support"]
    low, high = found.accuracy_interval
    assert low < found.accuracy < high


def test_a_class_that_the_split_has_not_counts_for_nothing() -> None:
    labels = np.array([0, 0, 1, 1])
    found = scored(np.eye(3)[[0, 0, 1, 2]], labels)
    assert found.classes["class 2"] == ClassScore(0.0, None, 0)
    assert found.balanced_accuracy == pytest.approx(0.75)
    assert found.macro_f1 == pytest.approx((1 + 2 / 3) / 2)


def test_of_equal_logits_the_first_count() -> None:
    labels = np.tile(np.arange(12), 10)
    found = scored(np.zeros((120, 12)), labels)
    assert found.accuracy == pytest.approx(1 / 12)
    assert found.top5_accuracy == pytest.approx(5 / 12)


def test_few_classes_have_no_top_five() -> None:
    found = scored(np.eye(3), np.arange(3))
    assert found.top5_accuracy is None
    assert "top5_accuracy" not in found.as_json()


def test_a_constant_model_is_as_good_as_its_one_class() -> None:
    labels = np.repeat([0, 1], [9, 1])
    found = scored(np.tile([1.0, 0.0], (10, 1)), labels)
    assert found.accuracy == pytest.approx(0.9)
    assert found.balanced_accuracy == pytest.approx(0.5)
    assert found.classes["class 1"] == ClassScore(0.0, 0.0, 1)


def test_one_image_is_enough() -> None:
    found = scored(np.array([[1.0, 0.0]]), np.array([0]))
    assert found.accuracy == 1
    assert found.accuracy_interval == pytest.approx((0.025, 1))
