"""Whether a model still tells apart what is alike: invariance must not be bought with blindness."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from constancy.evaluation.bootstrap import Interval, resampled_means, share_interval


@dataclass(frozen=True)
class SensitivityScore:
    """accuracy: share of the most confusable pairs of which both images are answered rightly."""

    accuracy: float
    accuracy_interval: Interval
    count: int


def score_sensitivity(
    right: np.ndarray, pairs: np.ndarray, rng: np.random.Generator
) -> SensitivityScore | None:
    """The score; None where all test images are of one class.

    right: bool, N, whether each test image is answered rightly; pairs: int64, P x 2, rows of them.
    An image may be in many pairs, which stand or fall together; so what is drawn for the interval is
    a group of pairs that hang together by their images.
    """
    if not len(pairs):
        return None
    both = right[pairs].all(axis=1).astype(np.float64)
    sums = group_sums(both, pairs)
    drawn = resampled_means(sums, rng)
    accuracy = float(both.mean())
    limits = share_interval(accuracy, drawn[:, 0] / drawn[:, 1], len(sums))
    return SensitivityScore(accuracy, limits, len(pairs))


def rival_pairs(rivals: np.ndarray) -> np.ndarray:
    """Each pair of an image and its rival once: int64, P x 2; rivals: N, rows, or -1 for none."""
    rows = np.flatnonzero(rivals >= 0)
    pairs = np.stack([rows, rivals[rows]], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def group_sums(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Of each group of pairs that hang together by their images: (sum of values, pairs), G x 2.

    values: float64, P, one for each pair; pairs: int64, P x 2, P at least 1.
    """
    images = int(pairs.max()) + 1
    ones = np.ones(len(pairs))
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(images, images))
    _, groups = connected_components(graph, directed=False)
    own = groups[pairs[:, 0]]
    counts = np.bincount(own)
    sums = np.stack([np.bincount(own, values), counts], axis=1)
    return sums[counts > 0]
