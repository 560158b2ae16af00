"""Which classes a model takes for which."""

from dataclasses import dataclass

import numpy as np


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
