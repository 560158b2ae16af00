"""How sure a mean over test images is: intervals by drawing the images anew.

What is drawn is a base image with all its variants, for they stand or fall together; and all means
are taken over the same draws, so that differences and ratios of them have their intervals too.
"""

import numpy as np

DRAWS = 10_000
LEVEL = 0.95

_CHUNK = 1000  # draws at once: what they need of memory

Interval = tuple[float, float]


def resampled_means(values: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """The means of columns over rows drawn with replacement, as many as there are: draws x m.

    values: n x m, a row for each base image, n at least 1. This is the paired bootstrap (Efron and
    Tibshirani 1993, chapter 6). How often each of the rows that differ is drawn is multinomial, so
    equal rows, of which right and wrong leave many, are drawn as one.
    """
    rows, counts = np.unique(values, axis=0, return_counts=True)
    shares = counts / len(values)
    chunks = [
        rng.multinomial(len(values), shares, min(_CHUNK, draws - start)) @ (rows / len(values))
        for start in range(0, draws, _CHUNK)
    ]
    return np.concatenate(chunks)


def interval(drawn: np.ndarray) -> Interval:
    """The middle 95 % of drawn values, by percentiles."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


def share_interval(values: np.ndarray, drawn: np.ndarray) -> Interval:
    """The interval of a mean of shares, each in 0..1.

    values: n, one for each base image; drawn: their resampled means. Where all images are alike, every
    draw is the same, and that says nothing. Then it is the exact interval for n of n (Clopper and
    Pearson 1934): other images may be otherwise, though not many of them.
    """
    if (values != values[0]).any():
        return interval(drawn)
    share, unseen = float(values[0]), 1 - ((1 - LEVEL) / 2) ** (1 / len(values))
    return share * (1 - unseen), share + (1 - share) * unseen
