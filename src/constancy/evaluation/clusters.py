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
    """The cluster with the lowest accuracy, the first of several; None where none has ten images, or
    none a mistake.

    right: bool, labels, clusters: int64, N: whether each image is answered rightly, its class, and
    its cluster within that.
    """
    rows = large_clusters(labels, clusters)
    if not rows:
        return None
    accuracies = {key: float(right[own].mean()) for key, own in rows.items()}
    label, cluster = min(accuracies, key=lambda key: accuracies[key])
    if accuracies[label, cluster] == 1:
        return None
    chances = []
    for each in np.unique(labels).tolist():
        own = labels == each
        _, counts = np.unique(clusters[own], return_counts=True)
        drawn = rng.multivariate_hypergeometric(counts, int(right[own].sum()), _SIMULATED) / counts
        chances.append(drawn[:, counts >= LEAST_IN_CLUSTER])
    by_chance = float(np.hstack(chances).min(axis=1).mean())
    worst = (label, cluster)
    return ClusterScore(*worst, accuracies[worst], len(rows[worst]), by_chance)


def large_clusters(labels: np.ndarray, clusters: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """The rows of the images of each cluster, by (label, cluster), in that order, of ten at the least.

    Arguments as for `worst_cluster`.
    """
    keys = sorted(set(zip(labels.tolist(), clusters.tolist(), strict=True)))
    rows = {(a, b): np.flatnonzero((labels == a) & (clusters == b)) for a, b in keys}
    return {key: own for key, own in rows.items() if len(own) >= LEAST_IN_CLUSTER}
