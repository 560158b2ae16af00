"""All that metrics.json says of a model: logits in, numbers out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from constancy.evaluation.clean import CleanScore, score_clean
from constancy.evaluation.clusters import ClusterScore, worst_cluster
from constancy.evaluation.factor_scores import FactorScore, score_factor, score_intra_class
from constancy.evaluation.sensitivity import SensitivityScore, score_sensitivity
from constancy.seeds import generator
from constancy.settings.base import COMBINED


@dataclass(frozen=True)
class Metrics:
    """The scores of one model on one test suite.

    factors: by name; combined: under several factors at once; worst_cluster: the cluster within a
    class with the lowest accuracy, None where none has enough images; suite: digest of the suite,
    since scores compare only on the same images.
    """

    clean: CleanScore
    factors: dict[str, FactorScore]
    combined: FactorScore
    sensitivity: SensitivityScore | None
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
            "clean": self.clean.as_json(),
            "factors": {name: factor.as_json() for name, factor in self.factors.items()},
            "combined": self.combined.as_json(),
            "sensitivity": asdict(self.sensitivity) if self.sensitivity else None,
            "worst_factor": {"name": worst, "accuracy": self.factors[worst].accuracy},
            "worst_cluster": asdict(self.worst_cluster) if self.worst_cluster else None,
            "suite": self.suite,
        }


def score(
    clean_logits: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
    suite_logits: dict[str, np.ndarray],
    control_logits: dict[str, np.ndarray],
    base_rows: np.ndarray,
    about: pd.DataFrame,
    suite_digest: str,
) -> Metrics:
    """All scores of a model, from its logits; the class with the largest logit counts.

    clean_logits: N x classes, N at least 1; labels: N, positions in `classes`; suite_logits: for
    each pixel factor and "combined", severities x directions x n x classes; control_logits: for
    each factor that has controls, severities x n x classes; base_rows: n, the rows of the test split
    that the suites vary; about: of each row of it the intra-class severity 1..5, the cluster within
    its class, and its rival: the row of the nearest image of another class, or -1. What intervals
    are drawn from depends on the suite alone: the same answers have the same intervals.
    """
    answers = clean_logits.argmax(-1)
    right = answers == labels

    def draws(*purpose: str) -> np.random.Generator:
        return generator(0, "intervals", suite_digest, *purpose)

    factors = {
        name: score_factor(
            answers[base_rows],
            logits.argmax(-1),
            control_logits[name].argmax(-1) if name in control_logits else None,
            labels[base_rows],
            len(classes),
            draws(name),
        )
        for name, logits in suite_logits.items()
    }
    combined = factors.pop(COMBINED)
    factors["intra-class"] = score_intra_class(
        right, about["severity"].to_numpy(), draws("intra-class")
    )
    return Metrics(
        clean=score_clean(clean_logits, labels, classes, draws("clean")),
        factors=factors,
        combined=combined,
        sensitivity=score_sensitivity(
            right, rival_pairs(about["rival"].to_numpy()), draws("sensitivity")
        ),
        worst_cluster=worst_cluster(
            right, labels, about["cluster"].to_numpy(), draws("worst cluster")
        ),
        suite=suite_digest,
    )


def rival_pairs(rivals: np.ndarray) -> np.ndarray:
    """Each pair of an image and its rival once: int64, P x 2; rivals: N, rows, or -1 for none."""
    rows = np.flatnonzero(rivals >= 0)
    pairs = np.stack([rows, rivals[rows]], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)
