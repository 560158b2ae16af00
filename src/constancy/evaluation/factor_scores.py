"""How well a model does under one factor, and how sure that is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from constancy.evaluation.bootstrap import (
    Interval,
    ratio_interval,
    resampled_means,
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
    so that a model that always says the same is no better the commoner that class is;
    orbit_severities: the same for the variants up to each severity.
    """

    harmful: float
    helpful: float
    consistency: float | None
    orbit_accuracy: float
    orbit_accuracy_interval: Interval
    orbit_severities: list[float]


@dataclass(frozen=True)
class FactorScore:
    """How well a model does under one factor.

    severities: accuracy at each severity, over all base images and directions; accuracy: their
    mean; retention: accuracy over the clean accuracy of the same images. Retention passes 1 where
    a factor makes images easier, and is 0 where no clean image is right. control: accuracy on the
    factor's controls at each severity, None where it has none: what of the loss is no fault of the
    factor's, but of the border or the patch that comes with it. stability: None for intra-class,
    where no image has variants. Intervals hold 95 %: see `bootstrap`.
    """

    accuracy: float
    accuracy_interval: Interval
    retention: float
    retention_interval: Interval
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
    orbit = orbits(right_clean, right) * balance(labels)
    columns = np.stack([right_clean, *by_severity, orbit[-1]], axis=1)
    drawn, count = resampled_means(columns, rng), len(labels)
    base, levels, whole = drawn[:, 0], drawn[:, 1:-1], drawn[:, -1]
    harmful, helpful = (float(each.mean()) for each in flips(right_clean, right))
    accuracy, severities = float(right.mean()), by_severity.mean(axis=1).tolist()
    orbit_accuracy = float(orbit[-1].mean())
    retention = _over(accuracy, float(right_clean.mean()))
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(accuracy, levels.mean(axis=1), count),
        retention=retention,
        retention_interval=ratio_interval(retention, levels.mean(axis=1), base, count),
        severities=severities,
        severity_intervals=[
            share_interval(*pair, count) for pair in zip(severities, levels.T, strict=True)
        ],
        stability=Stability(
            harmful,
            helpful,
            consistency(clean, varied, classes),
            orbit_accuracy,
            share_interval(orbit_accuracy, whole.clip(max=1), count),
            orbit.mean(axis=1).tolist(),
        ),
        control=None if control is None else [float(m) for m in (control == labels).mean(axis=1)],
    )


def score_intra_class(
    right: np.ndarray, severity: np.ndarray, rng: np.random.Generator
) -> FactorScore:
    """The score where the images themselves are the variants; right: bool, N; severity: N, 1 to 5.

    A test split too small to have images of every severity gets its overall accuracy where there
    are none, which says neither better nor worse than is known; the mean is over the others.
    """
    weighted = right * balance(severity)
    accuracy, count = float(weighted.mean()), len(right)
    whole, base = resampled_means(np.stack([weighted, right], axis=1), rng).T
    severities, intervals = [], []
    for each in SEVERITIES:
        own = right[severity == each] if (severity == each).any() else right
        drawn = resampled_means(own[:, None].astype(np.float64), rng)[:, 0]
        severities.append(float(own.mean()))
        intervals.append(share_interval(severities[-1], drawn, len(own)))
    retention = _over(accuracy, float(right.mean()))
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(accuracy, whole.clip(max=1), count),
        retention=retention,
        retention_interval=ratio_interval(retention, whole, base, count),
        severities=severities,
        severity_intervals=intervals,
    )


def _over(part: float, whole: float) -> float:
    """part / whole, and 0 where whole is 0."""
    return part / whole if whole else 0.0
