"""Whether numbers of production come from where those of the reference do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from constancy.watch.measures import LABELS, MEASURES, Measure

LEVEL = 0.01
"""How often all measures together may raise an alarm where nothing has drifted, at the most."""

EFFECT = 0.2
"""The least Kolmogorov-Smirnov distance, or population stability index, that matters."""

FEWEST = 30
"""Of fewer images nothing is said."""

_DRAWS = 9_999  # permutations: p-values down to 1 in 10,000
_ABSENT = 0.5  # images that a class is given more, so that one without any has a logarithm


@dataclass(frozen=True)
class Finding:
    """What is found of one measure.

    value: the Kolmogorov-Smirnov distance D, 0..1, or for labels the population stability index,
    from 0 on; p: adjusted for all measures together; median, usual: medians of production and
    reference; above: share of the reference below production's median, 0..1, equal ones by half;
    these three are None for labels.
    """

    measure: Measure
    value: float
    p: float
    alarm: bool
    median: float | None = None
    usual: float | None = None
    above: float | None = None


def compare(
    reference: Mapping[str, np.ndarray],
    production: Mapping[str, np.ndarray],
    rng: np.random.Generator,
) -> list[Finding]:
    """A finding for each measure that production has, in the order of MEASURES.

    reference, production: by the names of measures, float64, or for labels int64, numbers of
    classes. An alarm needs both: a p-value, after Holm's correction (1979), of LEVEL or less, and
    an effect of EFFECT or more, since with many images any trifle is significant.
    """
    measures = [measure for measure in MEASURES if measure.name in production]
    tested = []
    for measure in measures:
        usual, now = reference[measure.name], production[measure.name]
        if measure.name == LABELS:
            tested.append(_stability(usual, now, rng))
        else:
            # The exact distribution takes long, and is not of ties, which make this one cautious.
            found = ks_2samp(usual, now, method="asymp")
            tested.append((float(found.statistic), float(found.pvalue)))
    adjusted = holm(np.array([p for _, p in tested]))
    return [
        Finding(
            measure,
            value,
            p,
            p <= LEVEL and value >= EFFECT,
            *_places(measure, reference[measure.name], production[measure.name]),
        )
        for measure, (value, _), p in zip(measures, tested, adjusted.tolist(), strict=True)
    ]


def holm(p: np.ndarray) -> np.ndarray:
    """p-values, float64, m, adjusted so that all hold together (Holm 1979)."""
    order = p.argsort()
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted


def stability_index(reference: np.ndarray, production: np.ndarray) -> np.ndarray:
    """The population stability index of counts, ... x classes (Siddiqi 2006, "Credit risk scorecards").

    The sum of (b - a) ln(b / a) over the classes, a and b their shares; 0 for the same mix.
    """
    a, b = (
        (counts + _ABSENT) / (counts + _ABSENT).sum(axis=-1, keepdims=True)
        for counts in (reference, production)
    )
    index: np.ndarray = ((b - a) * np.log(b / a)).sum(axis=-1)
    return index


def _stability(
    reference: np.ndarray, production: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """The index, and by permutation how often chance alone makes it as large."""
    classes = int(max(reference.max(), production.max())) + 1
    a, b = (np.bincount(labels, minlength=classes) for labels in (reference, production))
    value = stability_index(a, b)
    drawn = rng.multivariate_hypergeometric(a + b, int(b.sum()), size=_DRAWS, method="marginals")
    larger = (stability_index(a + b - drawn, drawn) >= value - 1e-12).sum()
    return float(value), float((larger + 1) / (_DRAWS + 1))


def _places(
    measure: Measure, reference: np.ndarray, production: np.ndarray
) -> tuple[float, float, float] | tuple[()]:
    if measure.name == LABELS:
        return ()
    median = float(np.median(production))
    below = float(((reference < median).mean() + (reference <= median).mean()) / 2)
    return median, float(np.median(reference)), below
