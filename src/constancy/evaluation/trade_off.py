"""Invariance against sensitivity, class by class: the one must not be bought with the other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from constancy.evaluation.by_class import large_classes


@dataclass(frozen=True)
class TradeOff:
    """Of one class, by its position: invariance, the share of all variants of its base images that
    are answered as the image itself is, be it rightly or not (mean over the factors); sensitivity,
    the share of the confusable pairs with one of its images of which both are answered rightly.
    """

    label: int
    invariance: float
    sensitivity: float


def trade_offs(
    clean: np.ndarray,
    varied: Mapping[str, np.ndarray],
    base: np.ndarray,
    labels: np.ndarray,
    pairs: np.ndarray,
) -> list[TradeOff]:
    """For each class that has ten base images and a confusable pair.

    clean: int64, N, the answers to the test split; varied: for each factor, int64, severities x
    directions x n, those to variants; base: int64, n, rows of the base images; labels: int64, N;
    pairs: int64, P x 2, rows, as `rival_pairs` gives them.
    """
    steady = np.mean([(each == clean[base]).mean(axis=(0, 1)) for each in varied.values()], axis=0)
    told_apart = (clean == labels)[pairs].all(axis=1)
    found = []
    for label in large_classes(labels[base]):
        own = (labels[pairs] == label).any(axis=1)
        if own.any():
            invariance = float(steady[labels[base] == label].mean())
            found.append(TradeOff(label, invariance, float(told_apart[own].mean())))
    return found
