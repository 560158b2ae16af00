"""Classes under factors: which of them does variation cost most."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassUnderFactors:
    """Of one class, by its position: accuracy on its base images, under each factor (over all
    severities and directions), and the mean of the factors.
    """

    label: int
    clean: float
    factors: dict[str, float]
    mean: float


def worst_classes(
    clean: np.ndarray, varied: Mapping[str, np.ndarray], labels: np.ndarray, limit: int
) -> list[ClassUnderFactors]:
    """The classes with the lowest mean over the factors, the lowest first, at most `limit`.

    clean: bool, n, whether the answers to the base images are right; varied: bool, severities x
    directions x n, the same of their variants, for each factor; labels: int64, n.
    """
    found = []
    for label in np.unique(labels).tolist():
        own = labels == label
        factors = {name: float(right[..., own].mean()) for name, right in varied.items()}
        mean = float(np.mean(list(factors.values())))
        found.append(ClassUnderFactors(label, float(clean[own].mean()), factors, mean))
    return sorted(found, key=lambda each: each.mean)[:limit]
