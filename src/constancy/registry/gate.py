"""The gate: whether a candidate may take the champion's place."""

from dataclasses import dataclass
from typing import Any, Literal

from constancy.settings.promotion import Promotion

Verdict = Literal["promoted", "challenger", "refused", "left out"]
"""`left out`: not judged, since the model of a fold or of a `train.debug` is no candidate."""

_DIGITS = 9  # accuracies are compared after rounding, so that 0.97 - 0.01 is 0.96


@dataclass(frozen=True)
class Check:
    """One accuracy against the least that it must be.

    name: `floor/clean`, `champion/viewpoint`, ...; value, threshold: accuracies, 0..1.
    """

    name: str
    value: float
    threshold: float
    verdict: Literal["passed", "failed"]


@dataclass(frozen=True)
class Judgement:
    """All checks, what follows from them, and why, in one sentence."""

    verdict: Verdict
    reason: str
    checks: list[Check]


def judge(
    metrics: dict[str, Any],
    promotion: Promotion,
    champion: dict[str, Any] | None,
    *,
    comparable: bool,
) -> Judgement:
    """Judge a candidate by the floors, and against the champion where there is one.

    metrics, champion: contents of metrics.json; comparable: whether both models were scored on the
    same test images for the same task. Without a champion, `comparable` has no meaning.
    """
    accuracies = _accuracies(metrics)
    floors = promotion.floors.model_dump(by_alias=True)
    checks = [_check("floor", name, accuracies[name], floor) for name, floor in floors.items()]
    if missed := _failed(checks):
        return Judgement("refused", f"Refused: below the floor in {missed}.", checks)
    if champion is None:
        return Judgement("promoted", "Promoted: every floor is held.", checks)
    if not comparable:
        reason = (
            "Kept as challenger: every floor is held, but the champion was judged on other test "
            "images or for another task, so the two cannot be compared."
        )
        return Judgement("challenger", reason, checks)
    before = _accuracies(champion)
    checks += [
        _check("champion", name, accuracies[name], max(before[name] - promotion.margin, 0.0))
        for name in floors
    ]
    if fallen := _failed(checks):
        reason = f"Kept as challenger: too far below the champion in {fallen}."
        return Judgement("challenger", reason, checks)
    reason = "Promoted: every floor is held, and nowhere too far below the champion."
    return Judgement("promoted", reason, checks)


def _accuracies(metrics: dict[str, Any]) -> dict[str, float]:
    factors = {name: score["accuracy"] for name, score in metrics["factors"].items()}
    return {"clean": metrics["clean"]["accuracy"], **factors}


def _check(kind: str, name: str, value: float, least: float) -> Check:
    passed = round(value, _DIGITS) >= round(least, _DIGITS)
    return Check(f"{kind}/{name}", value, round(least, _DIGITS), "passed" if passed else "failed")


def _failed(checks: list[Check]) -> str:
    """Which checks failed and by how much, for a sentence; empty if none."""
    return ", ".join(
        f"{check.name.partition('/')[2]} ({check.value:.2%}, needs {check.threshold:.2%})"
        for check in checks
        if check.verdict == "failed"
    )
