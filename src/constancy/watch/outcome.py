"""What a watch found, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from constancy.watch.drift import EFFECT, FEWEST, LEVEL, Finding
from constancy.watch.measures import LABELS
from constancy.watch.production import Production
from constancy.watch.regions import Region

ALARM, CALM, TOO_FEW = "alarm", "no alarm", "too few images"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a watch found.

    classes: of the model; reference: values of the measures that production is compared with;
    findings: none where there are too few images; regions: by the names of alarmed measures, what
    the suites have like it; silent: why the suites say nothing, where that is so.
    """

    classes: Sequence[str]
    reference: Mapping[str, np.ndarray]
    production: Production
    findings: list[Finding]
    regions: Mapping[str, Region]
    silent: str | None = None

    @property
    def verdict(self) -> str:
        """ALARM, CALM or TOO_FEW."""
        if len(self.production) < FEWEST:
            return TOO_FEW
        return ALARM if self.alarmed else CALM

    @property
    def alarmed(self) -> list[Finding]:
        """The findings that are an alarm."""
        return [each for each in self.findings if each.alarm]

    def label_shares(self) -> list[tuple[str, float, float]]:
        """Each class with its share of the answers, usually and now; the most changed first."""
        count = len(self.classes)
        usual, now = (
            np.bincount(values[LABELS], minlength=count) / len(values[LABELS])
            for values in (self.reference, self.production.values)
        )
        order = np.argsort(-np.abs(now - usual), kind="stable").tolist()
        return [(self.classes[each], float(usual[each]), float(now[each])) for each in order]

    def as_json(self) -> dict[str, Any]:
        """All of it but the values of single images."""
        return {
            "verdict": self.verdict,
            "images": len(self.production),
            "repeated": self.production.repeated,
            "unreadable": [
                {"path": path, "reason": reason} for path, reason in self.production.unreadable
            ],
            "level": LEVEL,
            "effect": EFFECT,
            "measures": [self._measure(each) for each in self.findings],
            "labels": [
                {"label": label, "reference": usual, "production": now}
                for label, usual, now in (self.label_shares() if self.findings else [])
            ],
        }

    def _measure(self, found: Finding) -> dict[str, Any]:
        measure = found.measure
        region = self.regions.get(measure.name)
        return {
            "axis": measure.axis,
            "measure": measure.name,
            "reference": "validation" if measure.held_out else "training",
            "reference_count": len(self.reference[measure.name]),
            "statistic": "psi" if measure.name == LABELS else "ks",
            "value": found.value,
            "p": found.p,
            "alarm": found.alarm,
            "median": found.median,
            "reference_median": found.usual,
            "share_below": found.above,
            "suite": asdict(region) if region else None,
        }
