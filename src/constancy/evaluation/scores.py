"""Accuracy on clean images and under each factor: logits in, numbers out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from constancy.settings.base import SEVERITIES


@dataclass(frozen=True)
class FactorScore:
    """How well a model does under one factor.

    severities: accuracy at each severity, over all base images and directions; accuracy: their
    mean; retention: accuracy over the clean accuracy of the same images. Retention passes 1 where
    a factor makes images easier, and is 0 where no clean image is right.
    """

    accuracy: float
    retention: float
    severities: list[float]


@dataclass(frozen=True)
class Metrics:
    """The scores of one model on one test suite.

    accuracy: on the clean images of the whole test split, of which there are `count`; factors: by
    name; suite: digest of the suite, since scores compare only on the same images.
    """

    accuracy: float
    count: int
    factors: dict[str, FactorScore]
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
            "factors": {
                name: {
                    "accuracy": factor.accuracy,
                    "retention": factor.retention,
                    "severities": factor.severities,
                }
                for name, factor in self.factors.items()
            },
            "worst_factor": {"name": worst, "accuracy": self.factors[worst].accuracy},
            "suite": self.suite,
        }


def score(
    clean_logits: np.ndarray,
    labels: np.ndarray,
    suite_logits: dict[str, np.ndarray],
    base_rows: np.ndarray,
    intra_class: np.ndarray,
    suite_digest: str,
) -> Metrics:
    """All scores of a model, from its logits; the class with the largest logit counts.

    clean_logits: N x classes, N at least 1; labels: N, positions among the classes; suite_logits:
    for each pixel factor, severities x directions x n x classes; base_rows: n, the rows of the
    test split that the suites vary; intra_class: N, the intra-class severity 1..5 of each row.
    """
    right = clean_logits.argmax(-1) == labels
    base_accuracy = float(right[base_rows].mean())
    factors = {}
    for name, logits in suite_logits.items():
        under_factor = logits.argmax(-1) == labels[base_rows]
        severities = [float(each.mean()) for each in under_factor]
        factors[name] = _factor_score(severities, base_accuracy)
    accuracy = float(right.mean())
    factors["intra-class"] = _factor_score(_by_severity(right, intra_class), accuracy)
    return Metrics(accuracy, len(labels), factors, suite_digest)


def _factor_score(severities: list[float], clean_accuracy: float) -> FactorScore:
    accuracy = float(np.mean(severities))
    return FactorScore(accuracy, accuracy / clean_accuracy if clean_accuracy else 0.0, severities)


def _by_severity(right: np.ndarray, severity: np.ndarray) -> list[float]:
    """Accuracy of the images of each severity.

    A test split too small to have images of every severity gets its overall accuracy where there
    are none: that says neither better nor worse than is known.
    """
    groups = [right[severity == each] for each in SEVERITIES]
    return [float((group if len(group) else right).mean()) for group in groups]
