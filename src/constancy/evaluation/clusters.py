"""Kinds of specimens within a class: the one that a model knows least."""

from dataclasses import dataclass

import numpy as np

LEAST_IN_CLUSTER = 10
"""Images of a cluster in the test split, below which its accuracy would be chance."""

_SIMULATED = 2000


@dataclass(frozen=True)
class ClusterScore:
    """Accuracy on the images of one cluster of a class, of which the test split has `count`.

    The lowest of many accuracies is low by chance alone: by_chance is what it would be on average
    if the mistakes within each class fell on its images at random.
    """

    label: int
    cluster: int
    accuracy: float
    count: int
    by_chance: float


def worst_cluster(
    right: np.ndarray, labels: np.ndarray, clusters: np.ndarray, rng: np.random.Generator
) -> ClusterScore | None:
    """The cluster with the lowest accuracy, the first of several; None where none has ten images.

    right: bool, labels, clusters: int64, N: whether each image is answered rightly, its class, and
    its cluster within that.
    """
    found, chances = [], []
    for label in np.unique(labels).tolist():
        own = labels == label
        names, counts = np.unique(clusters[own], return_counts=True)
        drawn = rng.multivariate_hypergeometric(counts, int(right[own].sum()), _SIMULATED) / counts
        for position in np.flatnonzero(counts >= LEAST_IN_CLUSTER).tolist():
            cluster, count = int(names[position]), int(counts[position])
            accuracy = float(right[own & (clusters == cluster)].mean())
            found.append((accuracy, label, cluster, count))
            chances.append(drawn[:, position])
    if not found:
        return None
    accuracy, label, cluster, count = min(found, key=lambda each: each[0])
    by_chance = float(np.min(chances, axis=0).mean())
    return ClusterScore(label, cluster, accuracy, count, by_chance)
