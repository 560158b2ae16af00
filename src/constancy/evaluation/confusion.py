"""Which classes a model takes for which."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from constancy.evaluation.by_class import large_classes


@dataclass(frozen=True)
class Confusion:
    """Images of one class that were taken for another; classes are positions among the names.

    share: of all images of the actual class, in 0..1.
    """

    actual: int
    predicted: int
    count: int
    share: float


def confusion_counts(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How many images of each class (rows) were read as each class (columns).

    labels, predicted: N, positions in 0..classes-1. Gives int64, classes x classes.
    """
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(labels, predicted, labels=np.arange(classes))


def most_confused(counts: np.ndarray, limit: int) -> list[Confusion]:
    """The commonest mistakes, at most `limit`, the commonest first, then in order of the classes."""
    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:limit]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    totals = counts.sum(axis=1)
    return [
        Confusion(int(actual), int(predicted), int(count), float(count / totals[actual]))
        for actual, predicted in pairs
        if (count := mistakes[actual, predicted])
    ]


@dataclass(frozen=True)
class Growth:
    """Images of one class that are taken for another the more often, the more they vary.

    shares: of all images of the actual class, on the base images themselves and at each severity
    (the mean over the factors), in 0..1; factor: under which it is commonest at the last severity.
    """

    actual: int
    predicted: int
    shares: list[float]
    factor: str


def growing_pairs(
    clean: np.ndarray,
    varied: Mapping[str, np.ndarray],
    labels: np.ndarray,
    classes: int,
    limit: int,
) -> list[Growth]:
    """The mistakes that grow most from the base images to the last severity, at most `limit`, of
    classes with ten base images.

    clean: int64, n, the answers to the base images; varied: int64, severities x directions x n,
    those to their variants, for each factor; labels: int64, n.
    """
    images = np.maximum(np.bincount(labels, minlength=classes), 1)[:, None]
    before = confusion_counts(labels, clean, classes) / images

    def shares(answers: np.ndarray) -> np.ndarray:
        ways = len(answers)
        return confusion_counts(np.tile(labels, ways), answers.reshape(-1), classes) / images / ways

    last = np.stack([shares(answers[-1]) for answers in varied.values()])
    growth = last.mean(axis=0) - before
    np.fill_diagonal(growth, 0)
    growth[np.setdiff1d(np.arange(classes), large_classes(labels))] = 0
    order = np.argsort(-growth, axis=None, kind="stable")[:limit]
    names = list(varied)
    found = []
    for actual, predicted in zip(*np.unravel_index(order, growth.shape), strict=True):
        if growth[actual, predicted] > 0:
            taken = [(answers[..., labels == actual] == predicted) for answers in varied.values()]
            levels = np.mean([each.mean(axis=(1, 2)) for each in taken], axis=0).tolist()
            all_shares = [float(before[actual, predicted]), *levels]
            most = names[int(last[:, actual, predicted].argmax())]
            found.append(Growth(int(actual), int(predicted), all_shares, most))
    return found
