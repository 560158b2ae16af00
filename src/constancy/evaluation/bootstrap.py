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
        rng.multinomial(len(values), shares, min(_CHUNK, draws - start)) @ rows / len(values)
        for start in range(0, draws, _CHUNK)
    ]
    return np.concatenate(chunks)


def resampled_shares(
    right: np.ndarray, groups: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """The share of each group that is right, over as many of its own drawn with replacement:
    float64, draws x G, groups in the order of their numbers.

    right: bool, N; groups: int64, N. This is the stratified bootstrap (Davison and Hinkley 1997,
    3.2): a score that is a mean over groups keeps their sizes. The right ones among those drawn are
    a binomial number.
    """
    _, own, counts = np.unique(groups, return_inverse=True, return_counts=True)
    shares = np.bincount(own, weights=right) / counts
    return rng.binomial(counts, shares, (draws, len(counts))) / counts


def effective_count(groups: np.ndarray) -> float:
    """How many images a mean over groups is worth that are of different sizes (Kish 1965).

    groups: int64, N. G groups of the same size are worth all N; one small group is worth little,
    and the mean of all no more than it allows.
    """
    _, counts = np.unique(groups, return_counts=True)
    return float(len(counts) ** 2 / (1 / counts).sum())


def interval(drawn: np.ndarray) -> Interval:
    """The middle 95 % of drawn values, by percentiles."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


def share_interval(share: float, drawn: np.ndarray, count: float) -> Interval:
    """The interval of a mean of shares, each in 0..1, over `count` base images.

    drawn: its resampled means. Where all images are (nearly) alike, the draws are too, and that says
    little: other images may be otherwise, though not many of them. So the interval is never narrower
    than what n of n images leave open (Clopper and Pearson 1934).
    """
    low, high = interval(drawn)
    open_to = unseen(count)
    return min(low, share * (1 - open_to)), max(high, share + (1 - share) * open_to)


def ratio_interval(ratio: float, parts: np.ndarray, wholes: np.ndarray, count: float) -> Interval:
    """The interval of the ratio of two such means, resampled together; draws without a whole are left
    out, and where there are no others the ratio stands for all.
    """
    defined = wholes > 0
    drawn = parts[defined] / wholes[defined]
    low, high = interval(drawn) if len(drawn) else (ratio, ratio)
    open_to = unseen(count)
    return min(low, ratio * (1 - open_to)), max(high, ratio * (1 + open_to))


def unseen(count: float) -> float:
    """The share of images that may be otherwise though none of `count` was: 95 %, two-sided."""
    return float(1 - ((1 - LEVEL) / 2) ** (1 / count))


def gain_interval(
    gains: np.ndarray, rng: np.random.Generator, pairs: int = 1, most: float = 1.0
) -> Interval:
    """The interval of the mean of what each base image gains, float64, n, each in -most..most; within
    these, too, where images do not weigh the same.

    Two images, or so many pairs of them, are drawn with the others of which one gains all and one
    loses all, as Agresti and Min 2005 ("Simple improved confidence intervals for comparing matched
    proportions") add to each kind of pairs: few images that changed say little, and none that
    changed does not mean that none could.
    """
    values = np.concatenate([gains, np.repeat([-most, most], pairs)])[:, None]
    return interval(resampled_means(values, rng)[:, 0].clip(-most, most))
