"""The scores of metrics.json as MLflow has them: numbers by name and step."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from constancy.settings.base import COMBINED, SEVERITIES

_BY_SEVERITY = {
    "severities": "severity",
    "severity_intervals": "severity",
    "control": "control",
    "orbit_severities": "orbit",
    "retention_severities": "retention_at",
    "harmful_severities": "harmful_at",
    "helpful_severities": "helpful_at",
    "consistency_severities": "consistency_at",
}
_INTERVAL = "_interval"
_NAMELESS = re.compile(r"[^\w\-. ]")  # in a class's name, what the name of a metric may not hold
_LONGEST = 100  # characters of a class's name


def flat_metrics(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    """(name, value, step) of every score: see docs/metrics.md.

    Names are `PART/SCORE`, where PART is `clean`, a factor, `combined`, `sensitivity`,
    `worst_factor` or `worst_cluster`, with `_low` and `_high` for an interval's ends,
    `class/NAME/SCORE` and `layer/NAME/SCORE`. Scores of severities 1 to 5 have these as their
    steps: `FACTOR/severity` with its interval, `FACTOR/orbit`, and `_at` for what has a value over
    all severities, too; and, where the factor has controls, `FACTOR/control`.
    """
    parts = {name: metrics.get(name) for name in ("clean", "sensitivity", "worst_factor")}
    worst = metrics["worst_cluster"]
    parts["worst_cluster"] = worst and {
        k: v for k, v in worst.items() if k not in ("label", "cluster")
    }
    parts |= metrics["factors"] | {COMBINED: metrics[COMBINED]}
    for part, scores in parts.items():
        yield from _flat(part, scores or {})
    for group, named in (
        ("class", metrics["clean"].get("classes", {})),
        ("layer", metrics.get("invariance", {})),
    ):
        for name, scores in named.items():
            yield from _flat(f"{group}/{_NAMELESS.sub('_', name)[:_LONGEST]}", scores)


def _flat(part: str, scores: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    for name, value in scores.items():
        if name in _BY_SEVERITY:
            for severity, each in zip(SEVERITIES, value, strict=True):
                yield from _values(f"{part}/{_BY_SEVERITY[name]}", each, severity)
        else:
            yield from _values(f"{part}/{name.removesuffix(_INTERVAL)}", value, 0)


def _values(name: str, value: Any, step: int) -> Iterator[tuple[str, float, int]]:
    """A number under its name, an interval under two names; anything else is no metric."""
    match value:
        case int() | float():
            yield name, value, step
        case [low, high]:
            yield f"{name}_low", low, step
            yield f"{name}_high", high, step
