"""All that a calibration has found."""

from dataclasses import asdict, dataclass
from typing import Any

from constancy.calibration.curves import CONFIDENCE, Curve
from constancy.calibration.strengths import (
    even_severities,
    hardly_costs,
    propose_strengths,
    translate_limit,
    verdict,
)
from constancy.settings.base import COMBINED, SEVERITIES
from constancy.settings.variation import Strengths, Variation
from constancy.variation.label_safety import Mapping, propose_limits


@dataclass(frozen=True, eq=False)
class Outcome:
    """Curves by factor and "combined"; what turns classes into others; what is proposed.

    limits: by class and factor, severities of the proposed strengths; those of the settings are
    among them, unless lower ones are proposed.
    """

    reference: dict[str, Any]
    curves: dict[str, Curve]
    mappings: list[Mapping]
    present: Strengths
    proposed: Strengths
    limits: dict[str, dict[str, float]]

    @classmethod
    def of(
        cls,
        reference: dict[str, Any],
        curves: dict[str, Curve],
        mappings: list[Mapping],
        variation: Variation,
    ) -> "Outcome":
        """What follows from the measurements. reference: what is to be told of the network."""
        old = variation.strengths
        single = {name: curve for name, curve in curves.items() if name != COMBINED}
        new = propose_strengths(old, single)
        limits = {
            label: {
                factor: translate_limit(limit, factor, old, new) for factor, limit in own.items()
            }
            for label, own in _lower(variation, propose_limits(mappings)).items()
        }
        return cls(reference, curves, mappings, old, new, limits)

    @property
    def even(self) -> dict[str, list[float]]:
        """Present severities of equal steps, of each factor that costs something."""
        return {
            name: [round(each, 3) for each in even_severities(curve)]
            for name, curve in self.curves.items()
            if name != COMBINED and not hardly_costs(curve)
        }

    def as_json(self) -> dict[str, Any]:
        """The contents of reports/calibration.json."""
        even = self.even
        return {
            "reference": self.reference,
            "images": next(iter(self.curves.values())).hits.shape[1],
            "confidence": CONFIDENCE,
            "curves": {
                name: {
                    "severities": [0, *SEVERITIES],
                    "accuracies": curve.accuracies,
                    "intervals": [curve.interval(each) for each in (0, *SEVERITIES)],
                    "even": even.get(name),
                    "verdict": verdict(curve) if name != COMBINED else None,
                }
                for name, curve in self.curves.items()
            },
            "mappings": [asdict(each) for each in self.mappings],
            "strengths": self.present.model_dump(),
            "limits": propose_limits(self.mappings),
            "proposed": {"strengths": self.proposed.model_dump(), "limits": self.limits},
        }


def _lower(
    variation: Variation, proposed: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    """The limits of the settings and the proposed ones: of each the lower."""
    limits = {
        label: {factor: each for factor, each in own.model_dump().items() if each < SEVERITIES[-1]}
        for label, own in variation.limits.items()
    }
    for label, own in proposed.items():
        there = limits.setdefault(label, {})
        for factor, each in own.items():
            there[factor] = min(each, there.get(factor, each))
    return {label: own for label, own in limits.items() if own}
