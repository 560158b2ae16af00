"""What a calibration tells in the terminal: the table, the findings, and YAML for params.yaml."""

import json
from typing import Any

from constancy.calibration.outcome import Outcome
from constancy.calibration.strengths import verdict
from constancy.settings.base import COMBINED, SEVERITIES


def describe(outcome: Outcome) -> str:
    """All of it, to print."""
    parts = [_table(outcome), _findings(outcome), _mappings(outcome), _yaml(outcome)]
    return "\n\n".join("\n".join(each) for each in parts if each)


def _table(outcome: Outcome) -> list[str]:
    """Accuracies in percent, with half the width of the wider side of their interval."""
    severities = "".join(f"{each:>12}" for each in SEVERITIES)
    lines = [f"{'accuracy, %':13}{'clean':>12}{severities}"]
    for name, curve in outcome.curves.items():
        cells = []
        for severity, right in enumerate(curve.accuracies):
            low, high = curve.interval(severity)
            cells.append(f"{100 * right:6.1f} ± {100 * (high - low) / 2:3.1f}")
        lines.append(f"{name:13}" + "".join(f"{cell:>12}" for cell in cells))
    return lines


def _findings(outcome: Outcome) -> list[str]:
    found = {name: verdict(curve) for name, curve in outcome.curves.items() if name != COMBINED}
    return [f"{name} {clause}" for name, clause in found.items() if clause]


def _mappings(outcome: Outcome) -> list[str]:
    if not outcome.mappings:
        return ["No factor turns a class into another, as far as the pixels tell."]
    lines = []
    for each in outcome.mappings:
        share = 100 * each.shares[each.severity - 1]
        lines.append(
            f"{each.factor} turns {_name(each.source)} into {_name(each.target)} from severity "
            f"{each.severity} of now on ({share:.0f} % of its images)"
        )
    return lines


def _yaml(outcome: Outcome) -> list[str]:
    """Proposed sections of params.yaml."""
    lines = [
        "# Proposed for params.yaml: accuracy falls in equal steps; the strongest stay",
        "variation:",
        "  strengths:",
    ]
    for factor, strengths in outcome.proposed.model_dump().items():
        lines.append(f"    {factor}:")
        lines += [f"      {key}: {_list(steps)}" for key, steps in strengths.items()]
    if not outcome.limits:
        return [*lines, "  limits: {}"]
    lines.append("  limits:  # severities of these strengths, not of the present ones")
    for label, limits in outcome.limits.items():
        own = ", ".join(f"{factor}: {limit:g}" for factor, limit in limits.items())
        lines.append(f"    {_name(label)}: {{{own}}}")
    return lines


def _list(steps: list[Any]) -> str:
    return f"[{', '.join(f'{each:.6g}' for each in steps)}]"


def _name(label: str) -> str:
    """A class in double quotes, as YAML takes it whatever it is called."""
    return json.dumps(label, ensure_ascii=False)
