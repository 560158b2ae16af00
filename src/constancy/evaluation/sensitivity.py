"""Whether a model still tells apart what is alike: invariance must not be bought with blindness."""

from dataclasses import dataclass

import numpy as np

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
    """
    if not len(pairs):
        return None
    both = right[pairs].all(axis=1).astype(np.float64)
    drawn = resampled_means(both[:, None], rng)[:, 0]
    return SensitivityScore(float(both.mean()), share_interval(both, drawn), len(pairs))


def rival_pairs(rivals: np.ndarray) -> np.ndarray:
    """Each pair of an image and its rival once: int64, P x 2; rivals: N, rows, or -1 for none."""
    rows = np.flatnonzero(rivals >= 0)
    pairs = np.stack([rows, rivals[rows]], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)
