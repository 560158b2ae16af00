"""Up to which severity a model was proven to hold, as it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from constancy.page import percent
from constancy.settings.base import COMBINED, FACTORS, INTRA_CLASS, PIXEL_FACTORS
from constancy.settings.flat import flat
from constancy.settings.variation import Strengths


@dataclass(frozen=True)
class Range:
    """accuracies: at severities 1 to 5; floor: what each of them has to reach."""

    accuracies: list[float]
    floor: float

    @property
    def up_to(self) -> int:
        """The severity up to which every accuracy holds the floor; 0 where the first does not."""
        held = [accuracy >= self.floor for accuracy in self.accuracies]
        return held.index(False) if False in held else len(held)

    def told(self) -> str:
        """In a few words, for a sentence."""
        last = self.up_to
        held = f"up to {last}: accuracy {percent(self.accuracies[last - 1])}" if last else ""
        if last == len(self.accuracies):
            return held
        missed = percent(self.accuracies[last])
        below = f"at {last + 1} it is {missed}, below the floor of {percent(self.floor)}"
        return f"{held}; {below}" if held else below.replace("it is", "accuracy is", 1)


@dataclass(frozen=True)
class Proven:
    """What a model was proven for.

    name: of the model in a sentence; ranges: by factor, and for several at once ("combined"); a
    factor that was tested at other strengths than those of the sliders has none. most: factors at
    once, at the most; None where nothing is known.
    """

    name: str
    ranges: dict[str, Range]
    most: int | None

    def told(self, factor: str) -> str:
        """The range of a factor in a few words."""
        if found := self.ranges.get(factor):
            return f"proven up to {found.up_to}" if found.up_to else "not proven"
        if self.most is None:
            return "proven for nothing on record"
        return "proven at other strengths than those of params.yaml"

    def beyond(self, factor: str, severity: float) -> str | None:
        """The sentence that a slider has left the range of its factor; None where it has not."""
        found = self.ranges.get(factor)
        if found is None or severity == 0 or severity <= found.up_to:
            return None
        return (
            f"{factor.capitalize()} {severity:g} is beyond what {self.name} was proven for "
            f"({found.told()})."
        )

    def beyond_together(self, severities: Mapping[str, float]) -> str | None:
        """The sentence that several factors together have left the range of "combined"."""
        found = self.ranges.get(COMBINED)
        active = {name: severities[name] for name in PIXEL_FACTORS if severities.get(name)}
        if found is None or self.most is None or len(active) < 2:
            return None
        if len(active) > self.most:
            return (
                f"{len(active)} factors at once are beyond what {self.name} was proven for "
                f"(up to {self.most} at once)."
            )
        worst = max(active.values())
        if worst <= found.up_to:
            return None
        return (
            f"{len(active)} factors at once, at severity {worst:g}, are beyond what {self.name} was "
            f"proven for (several at once {found.told()})."
        )


def proven_ranges(
    name: str,
    metrics: Mapping[str, Any] | None,
    judged_at: Mapping[str, str],
    strengths: Strengths,
    floors: Mapping[str, float],
    most: int,
) -> Proven:
    """What a model was proven for.

    metrics: the contents of its metrics.json, None where there are none; judged_at: the flat
    parameters of its training, with the strengths of its suites; strengths: those of the sliders;
    floors: see `Promotion.floors`.
    """
    if metrics is None:
        return Proven(name, {}, None)
    scores = {**metrics["factors"], COMBINED: metrics[COMBINED]}
    same = [factor for factor in PIXEL_FACTORS if _same(strengths, factor, judged_at)]
    known = [*same, INTRA_CLASS, *([COMBINED] if len(same) == len(PIXEL_FACTORS) else [])]
    ranges = {
        each: Range(scores[each]["severities"], floors[each])
        for each in (*FACTORS, COMBINED)
        if each in known and each in scores
    }
    return Proven(name, ranges, most)


def _same(strengths: Strengths, factor: str, judged_at: Mapping[str, str]) -> bool:
    now = flat({"variation": {"strengths": {factor: getattr(strengths, factor).model_dump()}}})
    return all(judged_at.get(key) == value for key, value in now)
