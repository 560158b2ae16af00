"""Whether a model is no worse than another by more than a margin, on the same images."""

from math import ceil, sqrt
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from constancy.evaluation.bootstrap import LEVEL, Interval, gain_interval

Standing = Literal["superior", "non-inferior", "inconclusive", "inferior"]

POWER = 0.8
"""How likely a difference such as the one seen is settled by as many images as `images_needed` says."""

_Z = float(norm.ppf((1 + LEVEL) / 2))
_Z_POWER = float(norm.ppf(POWER))
_PAIRS = 2  # of pseudo-images
_EDGE = 1 - 1e-9  # of a difference of shares: at 1 itself the score has no value
_LITTLE = 1e-300


def standing(limits: Interval, margin: float) -> Standing:
    """What the interval of a difference (candidate less champion) says, given what may be lost.

    margin: 0..1. Superior: above 0; non-inferior: above -margin; inferior: below -margin; else
    inconclusive (Piaggio et al. 2012, "Reporting of noninferiority and equivalence randomized
    trials", figure 1). With intervals of 95 % a model that loses just the margin is taken for
    non-inferior in 2.5 % of cases.
    """
    low, high = limits
    if low > 0:
        return "superior"
    if low > -margin:
        return "non-inferior"
    return "inferior" if high < -margin else "inconclusive"


def tango_interval(gained: int, lost: int, count: int) -> Interval:
    """The interval of 95 % of the difference of two shares of the same `count` images.

    gained, lost: images that only the one, and only the other, answers rightly. By inverting the
    score test (Tango 1998, "Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design", Statistics in Medicine 17).
    """

    def score(difference: float) -> float:
        a = 2 * count
        b = (2 * count - gained + lost) * difference - gained - lost
        c = -lost * difference * (1 - difference)
        only_other = (sqrt(max(b * b - 4 * a * c, 0)) - b) / (2 * a)
        variance = count * (2 * only_other + difference * (1 - difference))
        gap = gained - lost - count * difference
        return gap / sqrt(max(variance, _LITTLE))  # without any change, nothing varies at 0

    seen = (gained - lost) / count
    low = -1.0 if seen < -_EDGE else brentq(lambda d: score(d) - _Z, -_EDGE, min(seen, _EDGE))
    high = 1.0 if seen > _EDGE else brentq(lambda d: score(d) + _Z, max(seen, -_EDGE), _EDGE)
    return float(low), float(high)


def mean_interval(gains: np.ndarray, most: float, rng: np.random.Generator) -> Interval:
    """The interval of 95 % of the mean of what each image gains, float64, n, each in -most..most.

    By the paired bootstrap with two pairs of pseudo-images (see `gain_interval`). With one pair a
    model of which a few images lose all, just the margin in the mean, would be taken for
    non-inferior in up to 6 % of cases; with two the interval of models that do not differ is that
    of Tango's.
    """
    return gain_interval(gains, rng, _PAIRS, most)


def images_needed(gains: np.ndarray, margin: float, most: float = 1.0) -> int | None:
    """How many images would settle a difference, were the gains what they are on these.

    With so many, the interval lies on one side of -margin with a probability of 80 %. None where
    the mean is just -margin: no number would do. gains, most: as for `mean_interval`.
    """
    gains = gains / most
    mean, square = float(gains.mean()), float((gains**2).mean())
    distance = abs(mean + margin / most)
    if distance < 1e-9:
        return None

    def missing(count: float) -> float:
        """By how much the interval of so many images reaches too far."""
        whole = count + 2 * _PAIRS
        width = sqrt(max((count * square + 2 * _PAIRS) / whole - mean**2, 0) / whole)
        chance = sqrt(max(square - mean**2, 0) / count)
        return _Z * width + _Z_POWER * chance - distance

    return ceil(brentq(missing, 1e-3, 1e12)) if missing(1e-3) > 0 else 1
