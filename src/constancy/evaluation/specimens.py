"""The kinds of specimens that a model knows least, with images of them."""

from dataclasses import dataclass

import numpy as np

from constancy.evaluation.clusters import large_clusters
from constancy.evaluation.evaluate import Evaluation

KINDS, IMAGES = 3, 10


@dataclass(frozen=True)
class Kind:
    """A cluster within a class, by its accuracy on `count` clean images, and rows of some of them,
    those that are read wrongly first.
    """

    label: int
    accuracy: float
    count: int
    rows: list[int]


def worst_kinds(evaluation: Evaluation) -> list[Kind]:
    """The three with the lowest accuracy of those that have mistakes, of ten images at the least."""
    labels, clusters = evaluation.split.labels, evaluation.suite.intra_class["cluster"].to_numpy()
    right = evaluation.answers == labels
    kinds = []
    for (label, _), rows in large_clusters(labels, clusters).items():
        if not right[rows].all():
            shown = rows[np.argsort(right[rows], kind="stable")][:IMAGES]
            kinds.append(Kind(label, float(right[rows].mean()), len(rows), shown.tolist()))
    return sorted(kinds, key=lambda kind: kind.accuracy)[:KINDS]
