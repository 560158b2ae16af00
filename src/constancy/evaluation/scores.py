"""All that metrics.json says of a model: logits in, numbers out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from constancy.evaluation.answers import Answers
from constancy.evaluation.clean import CleanScore, score_clean
from constancy.evaluation.clusters import ClusterScore, worst_cluster
from constancy.evaluation.factor_scores import FactorScore, score_factor, score_intra_class
from constancy.evaluation.invariance import LayerInvariance
from constancy.evaluation.sensitivity import SensitivityScore, rival_pairs, score_sensitivity
from constancy.seeds import generator
from constancy.settings.base import COMBINED, INTRA_CLASS
from constancy.variation.suites import Suite


@dataclass(frozen=True)
class Metrics:
    """The scores of one model on one test suite.

    factors: by name; combined: under several factors at once; worst_cluster: the cluster within a
    class with the lowest accuracy, None where none has enough images; invariance: of each layer, by
    name, from the image on; suite: digest of the suite, since scores compare only on the same images.
    """

    clean: CleanScore
    factors: dict[str, FactorScore]
    combined: FactorScore
    sensitivity: SensitivityScore | None
    worst_cluster: ClusterScore | None
    invariance: dict[str, LayerInvariance]
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
            "worst_cluster": self.worst_cluster and self._named(self.worst_cluster),
            "invariance": {name: layer.as_json() for name, layer in self.invariance.items()},
            "suite": self.suite,
        }

    def _named(self, worst: ClusterScore) -> dict[str, Any]:
        return asdict(worst) | {"label": list(self.clean.classes)[worst.label]}


def score(answers: Answers, labels: np.ndarray, classes: list[str], suite: Suite) -> Metrics:
    """All scores of a model, from its answers; the class with the largest logit counts.

    labels: N, positions in `classes`, of the test split; suite: of that split. What intervals are
    drawn from depends on the suite alone: the same answers have the same intervals.
    """
    base, about = suite.index["row"].to_numpy(), suite.intra_class
    answered = answers.clean.argmax(-1)
    right = answered == labels

    def draws(*purpose: str) -> np.random.Generator:
        return generator(0, "intervals", suite.digest, *purpose)

    def under(name: str) -> FactorScore:
        control = answers.controls.get(name)
        return score_factor(
            answered[base],
            answers.varied[name].argmax(-1),
            None if control is None else control.argmax(-1),
            labels[base],
            len(classes),
            draws(name),
        )

    def column(name: str) -> np.ndarray:
        return about[name].to_numpy()

    factors = {name: under(name) for name in answers.varied}
    combined = factors.pop(COMBINED)
    factors[INTRA_CLASS] = score_intra_class(right, column("severity"), draws(INTRA_CLASS))
    pairs = rival_pairs(column("rival"))
    return Metrics(
        clean=score_clean(answers.clean, labels, classes, draws("clean")),
        factors=factors,
        combined=combined,
        sensitivity=score_sensitivity(right, pairs, draws("sensitivity")),
        worst_cluster=worst_cluster(right, labels, column("cluster"), draws("worst cluster")),
        invariance=answers.invariance.scores(),
        suite=suite.digest,
    )
