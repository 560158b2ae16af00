"""Whether a model is as sure as it is right: the probabilities that it gives its answers."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

BINS = 15

_SIMULATED, _AT_ONCE = 1000, 50  # times that a perfectly calibrated model answers


@dataclass(frozen=True)
class Calibration:
    """How far stated probabilities are from what happens, on clean images.

    nll: mean negative log likelihood of the true class, in nats; brier: mean squared distance
    between the probabilities and the truth, 0..2 (Brier 1950); ece: expected calibration error,
    0..1; ece_if_calibrated: the mean that a model would show on as many images if each of its
    answers were right with just the probability that it states, and 0 only where it is sure of all.
    """

    nll: float
    brier: float
    ece: float
    ece_if_calibrated: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Answers by their confidence, in 15 bins: of each bin the mean confidence, the accuracy (both
    float64, 15, and 0 where it is empty) and how many answers there are.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def reliability(parts: Iterable[np.ndarray], labels: np.ndarray) -> Reliability:
    """Answers by their confidence; parts: logits, ... x classes each; labels: broadcast to what is
    before that in each part.
    """
    sums = np.zeros((3, BINS))
    for part in parts:
        for logits in part.reshape(-1, *part.shape[-2:]):  # little memory, however many there are
            confidence = softmax(logits.astype(np.float64), axis=-1).max(axis=-1)
            right = logits.argmax(axis=-1) == labels
            bins = reliability_bins(confidence)
            sums += [np.bincount(bins, each, BINS) for each in (confidence, right, right >= 0)]
    stated, met, counts = sums
    there = np.maximum(counts, 1)
    return Reliability(stated / there, met / there, counts.astype(np.int64))


def calibration(logits: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Calibration:
    """How well calibrated a model is; logits: N x classes, N at least 1; labels: N, 0..classes-1."""
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)
    own = log_probabilities[np.arange(len(labels)), labels]
    probabilities = np.exp(log_probabilities, out=log_probabilities)
    confidence = probabilities.max(axis=1)
    right = logits.argmax(axis=1) == labels
    simulated = [
        calibration_errors(confidence, rng.random((_AT_ONCE, len(labels))) < confidence)
        for _ in range(0, _SIMULATED, _AT_ONCE)
    ]
    return Calibration(
        nll=float(-own.mean()),
        brier=float(brier_scores(probabilities, labels).mean()),
        ece=float(calibration_errors(confidence, right[None])[0]),
        ece_if_calibrated=float(np.mean(simulated)),
    )


def brier_scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The squared distance between probabilities and truth of each answer: float64, N, 0..2.

    probabilities: float64, N x classes; labels: int64, N.
    """
    own = probabilities[np.arange(len(labels)), labels]
    # The truth is a one among zeros; multiplied out.
    scores: np.ndarray = (probabilities**2).sum(axis=1) - 2 * own + 1
    return scores


def calibration_errors(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The expected calibration error of each of `times` sets of answers: float64, times.

    confidence: N, of the answers, 0..1; right: bool, times x N. Answers are put into 15 bins of
    equal width by their confidence; the error is the mean over all answers of the distance between
    confidence and accuracy in their bin (Guo et al. 2017, equation 3).
    """
    bins = reliability_bins(confidence)
    there = np.zeros((len(confidence), BINS))
    there[np.arange(len(confidence)), bins] = 1
    gaps = confidence @ there - right.astype(np.float64) @ there
    errors: np.ndarray = np.abs(gaps).sum(axis=1) / len(confidence)
    return errors


def reliability_bins(confidence: np.ndarray) -> np.ndarray:
    """The bin, 0 to 14, that each confidence falls into: those of bin b are in (b/15, (b+1)/15]."""
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left")
