"""How a version and its rerun compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["identical", "within tolerance", "differs", "not reproducible"]

_INTERVAL = "_interval"


class NotReproducibleError(Exception):
    """Why a version cannot be trained once more, in one sentence."""


@dataclass(frozen=True)
class Difference:
    """Something of what computes that is another here than it was then."""

    name: str
    then: str
    here: str


@dataclass(frozen=True)
class Score:
    """A score of the version with its interval of 95 %, and the rerun's."""

    name: str
    version: float
    rerun: float
    low: float
    high: float

    @property
    def within(self) -> bool:
        return self.low <= self.rerun <= self.high


@dataclass(frozen=True)
class Outcome:
    """What became of reproducing a version.

    reason: of the verdict, in a sentence; weights: their digests, of the version and of the rerun;
    scores: those that differ; differences: of machine, threads, libraries and what follows from
    them; lock_is_todays: whether requirements.lock has not changed since. What is not known, where
    nothing was run, is empty or None.
    """

    name: str
    run: str
    commit: str | None
    verdict: Verdict
    reason: str
    weights: tuple[str, str] | None = None
    scores: list[Score] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    lock_is_todays: bool | None = None


def compare(
    weights: tuple[str, str], version: dict[str, Any], rerun: dict[str, Any]
) -> tuple[Verdict, str, list[Score]]:
    """The verdict on a rerun, why, and the scores that differ.

    weights: digests of the version's and of the rerun's; version, rerun: what their metrics.json
    hold. `identical`: the same weights, and all of metrics.json. `within tolerance`: every score
    that has an interval of 95 % lies within that of the version.
    """
    same_weights = weights[0] == weights[1]
    if same_weights and version == rerun:
        return "identical", "The same weights and the same metrics, to the bit.", []
    compared = list(_scores(version, rerun))
    scores = [each for each in compared if each.version != each.rerun]
    which = "The same" if same_weights else "Other"
    if not compared:
        reason = f"{which} weights, and the version has no intervals to hold the scores to."
        return "differs", reason, scores
    outside = [each.name for each in scores if not each.within]
    if outside:
        names = ", ".join(outside)
        reason = f"{which} weights, and outside the version's intervals of 95 %: {names}."
        return "differs", reason, scores
    reason = f"{which} weights, but every score lies within the version's interval of 95 %."
    return "within tolerance", reason, scores


def _scores(version: Any, rerun: Any, prefix: str = "") -> Iterator[Score]:
    """The scores with an interval of a metrics.json, by dotted names, beside those of another."""
    for key, value in version.items():
        other, interval = rerun.get(key), version.get(f"{key}{_INTERVAL}")
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            yield from _scores(value, other, f"{prefix}{key}.")
        elif interval and isinstance(other, int | float):
            yield Score(f"{prefix}{key}", value, other, *interval)
