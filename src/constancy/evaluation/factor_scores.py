"""How well a model does under one factor, and how sure that is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from constancy.evaluation.bootstrap import (
    Interval,
    interval,
    resampled_means,
    share_interval,
)
from constancy.evaluation.stability import consistency, flips, orbits
from constancy.settings.base import SEVERITIES


@dataclass(frozen=True)
class Stability:
    """What a factor does to a model's answers, image by image.

    harmful: share of variants answered wrongly though the image itself is answered rightly;
    helpful: the other way round; consistency: see `stability.consistency`; orbit_accuracy: share of
    the images that are answered rightly themselves and in every variant; orbit_severities: the same
    for the variants up to each severity.
    """

    harmful: float
    helpful: float
    consistency: float
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
    orbit = orbits(right_clean, right)
    columns = np.stack([right_clean, *by_severity, orbit[-1]], axis=1).astype(np.float64)
    drawn = resampled_means(columns, rng)
    base, levels, whole = drawn[:, 0], drawn[:, 1:-1], drawn[:, -1]
    harmful, helpful = (float(each.mean()) for each in flips(right_clean, right))
    accuracy = float(right.mean())
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(by_severity.mean(axis=0), levels.mean(axis=1)),
        retention=float(_over(accuracy, right_clean.mean())),
        retention_interval=interval(_over(levels.mean(axis=1), base)),
        severities=[float(each.mean()) for each in by_severity],
        severity_intervals=[
            share_interval(*pair) for pair in zip(by_severity, levels.T, strict=True)
        ],
        stability=Stability(
            harmful,
            helpful,
            consistency(clean, varied, classes),
            float(orbit[-1].mean()),
            share_interval(columns[:, -1], whole),
            [float(each.mean()) for each in orbit],
        ),
        control=None if control is None else [float(m) for m in (control == labels).mean(axis=1)],
    )


def score_intra_class(
    right: np.ndarray, severity: np.ndarray, rng: np.random.Generator
) -> FactorScore:
    """The score where the images themselves are the variants; right: bool, N; severity: N, 1 to 5.

    A test split too small to have images of every severity gets its overall accuracy where there
    are none: that says neither better nor worse than is known.
    """
    groups = [right[severity == each] for each in SEVERITIES]
    groups = [(group if len(group) else right).astype(np.float64) for group in groups]
    drawn = [resampled_means(group[:, None], rng)[:, 0] for group in groups]
    levels = [float(group.mean()) for group in groups]
    sizes = np.array([len(group) for group in groups])
    accuracy, mean = float(np.mean(levels)), np.mean(drawn, axis=0)
    return FactorScore(
        accuracy=accuracy,
        accuracy_interval=share_interval(right.astype(np.float64), mean),
        retention=float(_over(accuracy, right.mean())),
        retention_interval=interval(_over(mean, np.average(drawn, axis=0, weights=sizes))),
        severities=levels,
        severity_intervals=[share_interval(*pair) for pair in zip(groups, drawn, strict=True)],
    )


def _over(part: ArrayLike, whole: ArrayLike) -> np.ndarray:
    """part / whole, and 0 where whole is 0."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
