"""How well a model does under one factor, and how sure that is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from constancy.evaluation.bootstrap import (
    Interval,
    effective_count,
    ratio_interval,
    resampled_means,
    resampled_shares,
    share_interval,
)
from constancy.evaluation.stability import balance, consistency, flips, orbits
from constancy.settings.base import SEVERITIES


@dataclass(frozen=True)
class Stability:
    """What a factor does to a model's answers, image by image.

    harmful: share of variants answered wrongly though the image itself is answered rightly;
    helpful: the other way round; consistency: see `stability.consistency`; orbit_accuracy: share of
    the images that are answered rightly themselves and in every variant, as the mean over classes,
    so that a model that always says the same is no better the commoner that class is. By severity:
    the same of its variants alone, and for orbits of those up to it.
    """

    harmful: float
    harmful_severities: list[float]
    helpful: float
    helpful_severities: list[float]
    consistency: float | None
    consistency_severities: list[float | None]
    orbit_accuracy: float
    orbit_accuracy_interval: Interval
    orbit_severities: list[float]


@dataclass(frozen=True)
class FactorScore:
    """How well a model does under one factor.

    severities: accuracy at each severity, over all base images and directions; accuracy: their
    mean; retention: accuracy over the clean accuracy of the same images, and likewise by severity.
    Retention passes 1 where a factor makes images easier, and is 0 where no clean image is right.
    control: accuracy on the factor's controls at each severity, None where it has none: what of the
    loss is no fault of the factor's, but of the border or the patch that comes with it. stability:
    None for intra-class, where no image has variants. Intervals hold 95 %: see `bootstrap`.
    """

    accuracy: float
    accuracy_interval: Interval
    retention: float
    retention_interval: Interval
    retention_severities: list[float]
    severities: list[float]
    severity_intervals: list[Interval]
    stability: Stability | None = None
    control: list[float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Its part of metrics.json."""
        values = asdict(self)
        values |= values.pop("stability") or {}
        if self.control is None:
            del values["control"]
        return values


def score_factor(
    clean: np.ndarray,
    varied: np.ndarray,
    control: np.ndarray | None,
    labels: np.ndarray,
    classes: int,
    rng: np.random.Generator,
) -> FactorScore:
    """The score under a factor that makes variants of each base image.

    clean: int64, n, n at least 1, the answers to the base images; varied: int64, severities x
    directions x n, to their variants; control: int64, severities x n, or None; labels: int64, n.
    """
    right_clean, right = clean == labels, varied == labels
    by_severity = right.mean(axis=1)  # severities x n
    drawn, count = resampled_means(np.stack([right_clean, *by_severity], axis=1), rng), len(labels)
    base, levels = drawn[:, 0], drawn[:, 1:]
    whole = float(right_clean.mean())
    accuracy, severities = float(right.mean()), by_severity.mean(axis=1).tolist()
    retention = _over(accuracy, whole)
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(accuracy, levels.mean(axis=1), count),
        retention=retention,
        retention_interval=ratio_interval(retention, levels.mean(axis=1), base, count),
        retention_severities=[_over(each, whole) for each in severities],
        severities=severities,
        severity_intervals=[
            share_interval(*pair, count) for pair in zip(severities, levels.T, strict=True)
        ],
        stability=_stability(clean, varied, labels, classes, rng),
        control=None if control is None else [float(m) for m in (control == labels).mean(axis=1)],
    )


def _stability(
    clean: np.ndarray,
    varied: np.ndarray,
    labels: np.ndarray,
    classes: int,
    rng: np.random.Generator,
) -> Stability:
    right_clean, right = clean == labels, varied == labels
    flipped = np.array([flips(right_clean, each) for each in right])
    harmful, helpful = flipped.mean(axis=-1).T  # of each severity
    orbit = orbits(right_clean, right)
    accuracies = (orbit * balance(labels)).mean(axis=1).tolist()
    drawn = resampled_shares(orbit[-1], labels, rng).mean(axis=1)
    return Stability(
        harmful=float(harmful.mean()),
        harmful_severities=harmful.tolist(),
        helpful=float(helpful.mean()),
        helpful_severities=helpful.tolist(),
        consistency=consistency(clean, varied, classes),
        consistency_severities=[consistency(clean, each, classes) for each in varied],
        orbit_accuracy=accuracies[-1],
        orbit_accuracy_interval=share_interval(accuracies[-1], drawn, effective_count(labels)),
        orbit_severities=accuracies,
    )


def score_intra_class(
    right: np.ndarray, severity: np.ndarray, rng: np.random.Generator
) -> FactorScore:
    """The score where the images themselves are the variants; right: bool, N; severity: N, 1 to 5.

    A test split too small to have images of every severity gets its overall accuracy where there
    are none, which says neither better nor worse than is known; the mean is over the others.
    """
    there, sizes = np.unique(severity, return_counts=True)
    shares = resampled_shares(right, severity, rng)
    parts, base = shares.mean(axis=1), shares @ sizes / len(right)
    drawn = dict(zip(there.tolist(), shares.T, strict=True))
    accuracy, count = float((right * balance(severity)).mean()), effective_count(severity)
    whole = float(right.mean())
    severities, intervals = [], []
    for each in SEVERITIES:
        own = right[severity == each] if each in drawn else right
        severities.append(float(own.mean()))
        intervals.append(share_interval(severities[-1], drawn.get(each, base), len(own)))
    retention = _over(accuracy, whole)
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(accuracy, parts, count),
        retention=retention,
        retention_interval=ratio_interval(retention, parts, base, count),
        retention_severities=[_over(each, whole) for each in severities],
        severities=severities,
        severity_intervals=intervals,
    )


def _over(part: float, whole: float) -> float:
    """part / whole, and 0 where whole is 0."""
    return part / whole if whole else 0.0
