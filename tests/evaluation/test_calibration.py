"""Probabilities against what happens: as scikit-learn and torchmetrics have it."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from constancy.evaluation.calibration import (
    Calibration,
    calibration,
    calibration_errors,
    reliability,
    reliability_bins,
)


def answers(seed: int, count: int = 400, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that follow the probabilities of flatter ones: the model is too sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(count, classes)).astype(np.float32)
    truth = softmax(logits / 2, axis=1)
    labels = np.array([rng.choice(classes, p=each / each.sum()) for each in truth])
    return logits, labels


def scored(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    return calibration(logits, labels, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(3))
def test_scores_agree_with_the_libraries(seed: int) -> None:
    logits, labels = answers(seed)
    found, probabilities = scored(logits, labels), softmax(logits.astype(float), axis=1)
    assert found.nll == pytest.approx(log_loss(labels, probabilities, labels=range(5)))
    brier = brier_score_loss(labels, probabilities, labels=range(5), scale_by_half=False)
    assert found.brier == pytest.approx(brier)
    error = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), 5, n_bins=15
    )
    assert found.ece == pytest.approx(float(error), abs=1e-6)


def test_the_error_of_a_calibrated_model_is_what_such_models_show() -> None:
    logits, _ = answers(7, count=200, classes=3)
    probabilities = softmax(logits.astype(float), axis=1)
    rng, errors = np.random.default_rng(1), []
    for _ in range(300):
        labels = np.array([rng.choice(3, p=each) for each in probabilities])
        errors.append(scored(logits, labels).ece)
    standard_error = np.std(errors) / np.sqrt(len(errors))
    assert scored(logits, labels).ece_if_calibrated == pytest.approx(
        np.mean(errors), abs=4 * standard_error
    )


def test_overconfidence_shows_beyond_chance() -> None:
    found = scored(*answers(3))
    assert found.ece > 2 * found.ece_if_calibrated


def test_one_sure_and_wrong_answer_is_as_bad_as_can_be() -> None:
    found = scored(np.array([[1000.0, -1000.0]], np.float32), np.array([1]))
    assert (found.nll, found.brier, found.ece, found.ece_if_calibrated) == (2000, 2, 1, 0)


def test_bins_hold_their_upper_edge() -> None:
    edges = np.array([1e-9, 1 / 15, 1 / 15 + 1e-9, 0.5, 1.0])
    assert reliability_bins(edges).tolist() == [0, 0, 1, 7, 14]


def test_several_sets_of_answers_at_once() -> None:
    rng = np.random.default_rng(0)
    confidence, right = rng.random(50), rng.random((4, 50)) < 0.5
    alone = [calibration_errors(confidence, each[None])[0] for each in right]
    assert calibration_errors(confidence, right) == pytest.approx(alone)


def test_reliability_over_severities_and_directions_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 70)
    parts = [rng.normal(size=(5, ways, 70, 3)).astype(np.float32) for ways in (2, 1)]
    found = reliability(parts, labels)
    flat = np.concatenate([each.reshape(-1, 3) for each in parts])
    confidence = softmax(flat.astype(float), axis=1).max(axis=1)
    right = flat.argmax(axis=1) == np.tile(labels, 15)
    accuracy, stated = calibration_curve(right, confidence, n_bins=15)
    there = found.counts > 0
    assert found.counts.sum() == len(flat)
    assert found.accuracy[there] == pytest.approx(accuracy)
    assert found.confidence[there] == pytest.approx(stated)
