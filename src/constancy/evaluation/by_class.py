"""Classes under factors: which of them does variation cost most."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEAST_OF_CLASS = 10
"""Base images of a class, below which what is said of it would be chance."""


@dataclass(frozen=True)
class ClassUnderFactors:
    """Of one class, by its position: how many base images it has, accuracy on these, under each factor
    (over all severities and directions), and the mean of the factors.
    """

    label: int
    count: int
    clean: float
    factors: dict[str, float]
    mean: float


def worst_classes(
    clean: np.ndarray, varied: Mapping[str, np.ndarray], labels: np.ndarray, limit: int
) -> list[ClassUnderFactors]:
    """The classes with the lowest mean over the factors, the lowest first, at most `limit`, of those
    with ten base images.

    clean: bool, n, whether the answers to the base images are right; varied: bool, severities x
    directions x n, the same of their variants, for each factor; labels: int64, n.
    """
    found = []
    for label in large_classes(labels):
        own = labels == label
        factors = {name: float(right[..., own].mean()) for name, right in varied.items()}
        mean = float(np.mean(list(factors.values())))
        clean_mean = float(clean[own].mean())
        found.append(ClassUnderFactors(label, int(own.sum()), clean_mean, factors, mean))
    return sorted(found, key=lambda each: each.mean)[:limit]


def large_classes(labels: np.ndarray) -> list[int]:
    """The classes with ten base images or more; labels: int64, n, of the base images."""
    classes, counts = np.unique(labels, return_counts=True)
    return classes[counts >= LEAST_OF_CLASS].tolist()
