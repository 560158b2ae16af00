"""What variation does to a model's answers, image by image: flips, consistency, orbits."""

import numpy as np


def flips(clean: np.ndarray, varied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each base image, the share of its variants that flip: (harmful, helpful), float64, n.

    clean: bool, n, whether its answer is right; varied: bool, ... x n.
    """
    wrong = (~varied).reshape(-1, len(clean)).mean(axis=0)
    return np.where(clean, wrong, 0.0), np.where(clean, 0.0, 1 - wrong)


def orbits(clean: np.ndarray, varied: np.ndarray) -> np.ndarray:
    """Whether an image is right with all its variants up to each severity: bool, severities x n.

    clean: as for `flips`; varied: bool, severities x directions x n.
    """
    whole = varied.all(axis=1)
    return np.logical_and.accumulate(whole, axis=0) & clean


def balance(groups: np.ndarray) -> np.ndarray:
    """What each image weighs for all groups that there are to weigh the same: float64, n, of mean 1.

    groups: int64, n, the one of each image, such as its class.
    """
    _, own, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return len(groups) / (len(counts) * counts[own])


def consistency(clean: np.ndarray, varied: np.ndarray, classes: int) -> float | None:
    """Cohen's kappa between answers to images and to their variants.

    None where it is not defined: all answers are the same class.

    clean: int64, n, the classes answered; varied: int64, ... x n.
    """
    times = varied[..., 0].size
    before = np.bincount(clean, minlength=classes) / len(clean)
    after = np.bincount(varied.reshape(-1), minlength=classes) / varied.size
    agreed = float((varied == clean).sum()) / (times * len(clean))
    expected = float(before @ after)
    return (agreed - expected) / (1 - expected) if expected < 1 else None
