"""Accuracy on clean images and under each factor: logits in, numbers out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from constancy.settings.base import COMBINED, SEVERITIES

LEAST_IN_CLUSTER = 10
"""Images of a cluster in the test split, below which its accuracy would be chance."""


@dataclass(frozen=True)
class FactorScore:
    """How well a model does under one factor.

    severities: accuracy at each severity, over all base images and directions; accuracy: their
    mean; retention: accuracy over the clean accuracy of the same images. Retention passes 1 where
    a factor makes images easier, and is 0 where no clean image is right. control: accuracy on the
    factor's controls at each severity, None where it has none: what of the loss is no fault of the
    factor's, but of the border or the patch that comes with it.
    """

    accuracy: float
    retention: float
    severities: list[float]
    control: list[float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Its part of metrics.json."""
        values = {
            "accuracy": self.accuracy,
            "retention": self.retention,
            "severities": self.severities,
        }
        return values if self.control is None else values | {"control": self.control}


@dataclass(frozen=True)
class ClusterScore:
    """Accuracy on the images of one cluster of a class, of which the test split has `count`."""

    label: int
    cluster: int
    accuracy: float
    count: int


@dataclass(frozen=True)
class Metrics:
    """The scores of one model on one test suite.

    accuracy: on the clean images of the whole test split, of which there are `count`; factors: by
    name; combined: under several factors at once; worst_cluster: the cluster within a class with
    the lowest accuracy, None where none has enough images; suite: digest of the suite, since scores
    compare only on the same images.
    """

    accuracy: float
    count: int
    factors: dict[str, FactorScore]
    combined: FactorScore
    worst_cluster: ClusterScore | None
    suite: str

    @property
    def worst_factor(self) -> str:
        """The factor with the lowest accuracy; the first of several."""
        return min(self.factors, key=lambda name: self.factors[name].accuracy)

    def as_json(self) -> dict[str, Any]:
        """The contents of metrics.json."""
        worst = self.worst_factor
        return {
            "clean": {"accuracy": self.accuracy, "count": self.count},
            "factors": {name: factor.as_json() for name, factor in self.factors.items()},
            "combined": self.combined.as_json(),
            "worst_factor": {"name": worst, "accuracy": self.factors[worst].accuracy},
            "worst_cluster": asdict(self.worst_cluster) if self.worst_cluster else None,
            "suite": self.suite,
        }


def score(
    clean_logits: np.ndarray,
    labels: np.ndarray,
    suite_logits: dict[str, np.ndarray],
    control_logits: dict[str, np.ndarray],
    base_rows: np.ndarray,
    intra_class: pd.DataFrame,
    suite_digest: str,
) -> Metrics:
    """All scores of a model, from its logits; the class with the largest logit counts.

    clean_logits: N x classes, N at least 1; labels: N, positions among the classes; suite_logits:
    for each pixel factor and "combined", severities x directions x n x classes; control_logits: for
    each factor that has controls, severities x n x classes; base_rows: n, the rows of the test split
    that the suites vary; intra_class: of each row the intra-class severity 1..5 and the cluster
    within its class.
    """
    right = clean_logits.argmax(-1) == labels
    base_accuracy = float(right[base_rows].mean())
    factors = {}
    for name, logits in suite_logits.items():
        under_factor = logits.argmax(-1) == labels[base_rows]
        severities = [float(each.mean()) for each in under_factor]
        control = None
        if name in control_logits:
            untroubled = control_logits[name].argmax(-1) == labels[base_rows]
            control = [float(each.mean()) for each in untroubled]
        factors[name] = _factor_score(severities, base_accuracy, control)
    combined = factors.pop(COMBINED)
    accuracy = float(right.mean())
    factors["intra-class"] = _factor_score(
        _by_severity(right, intra_class["severity"].to_numpy()), accuracy
    )
    worst = _worst_cluster(right, labels, intra_class["cluster"].to_numpy())
    return Metrics(accuracy, len(labels), factors, combined, worst, suite_digest)


def _factor_score(
    severities: list[float], clean_accuracy: float, control: list[float] | None = None
) -> FactorScore:
    accuracy = float(np.mean(severities))
    retention = accuracy / clean_accuracy if clean_accuracy else 0.0
    return FactorScore(accuracy, retention, severities, control)


def _worst_cluster(
    right: np.ndarray, labels: np.ndarray, clusters: np.ndarray
) -> ClusterScore | None:
    """The minimum of many noisy accuracies: lower than any cluster's true one is expected to be."""
    scores = []
    for label, cluster in sorted(set(zip(labels.tolist(), clusters.tolist(), strict=True))):
        here = right[(labels == label) & (clusters == cluster)]
        if len(here) >= LEAST_IN_CLUSTER:
            scores.append(ClusterScore(label, cluster, float(here.mean()), len(here)))
    return min(scores, key=lambda score: score.accuracy, default=None)


def _by_severity(right: np.ndarray, severity: np.ndarray) -> list[float]:
    """Accuracy of the images of each severity.

    A test split too small to have images of every severity gets its overall accuracy where there
    are none: that says neither better nor worse than is known.
    """
    groups = [right[severity == each] for each in SEVERITIES]
    return [float((group if len(group) else right).mean()) for group in groups]
