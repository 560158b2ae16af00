"""The gate: whether a candidate may take the champion's place.

It has to hold every floor, and to be no worse than the champion on the same images by more than a
margin, for each score (an intersection-union test: as likely to promote one that is worse as the
weakest of the checks, Berger 1982, "Multiparameter hypothesis testing and acceptance sampling").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
from scipy.special import softmax

from constancy.errors import UserError
from constancy.evaluation.bootstrap import Interval
from constancy.evaluation.calibration import brier_scores
from constancy.evaluation.compared import CLEAN, SENSITIVITY, shares_right
from constancy.evaluation.predictions import Predictions
from constancy.registry.noninferiority import (
    Standing,
    images_needed,
    mean_interval,
    standing,
    tango_interval,
)
from constancy.seeds import generator
from constancy.settings.base import COMBINED
from constancy.settings.promotion import Promotion

Verdict = Literal["promoted", "challenger", "refused", "left out"]
"""`left out`: not judged, since the model of a fold or of a `train.debug` is no candidate."""

_DIGITS = 9  # scores are compared after rounding, so that 0.97 - 0.01 is 0.96
_BRIER = "brier"


@dataclass(frozen=True)
class Floor:
    """A score against what it must reach, or for an error may not exceed.

    name: as in the settings; value: 0..1; limit: the floor or ceiling.
    """

    name: str
    value: float
    limit: float
    held: bool


@dataclass(frozen=True)
class Paired:
    """A score beside the champion's, on the same images.

    name: as in the settings; value, champion: the scores, 0..1, or 0..2 for "brier"; gain: by how
    much the candidate is ahead, with its interval of 95 %; margin: how far behind it may be;
    images_needed: how many test images would settle what is inconclusive, None for what is settled.
    """

    name: str
    value: float
    champion: float
    gain: float
    interval: Interval
    margin: float
    standing: Standing
    images_needed: int | None


@dataclass(frozen=True)
class Judgement:
    """All checks, what follows from them, and why, in one sentence."""

    verdict: Verdict
    reason: str
    floors: list[Floor]
    comparisons: list[Paired]


def judge(
    metrics: dict[str, Any],
    promotion: Promotion,
    answers: Predictions | None = None,
    champion: Predictions | str | None = None,
) -> Judgement:
    """Judge a candidate by the floors, and against the champion where there is one.

    metrics: contents of metrics.json; answers: the candidate's, for the comparison; champion: its
    answers to the same images, or why the two cannot be compared, or None where there is none.

    Raises UserError for scores that lack one that is checked, or are not those of the answers.
    """
    try:
        floors = list(_floors(metrics, promotion))
    except KeyError as error:
        raise UserError(
            f"the scores in metrics.json have no {error}: `make run` scores the model anew"
        ) from None
    comparisons = []
    if isinstance(champion, Predictions):
        if answers is None or answers.suite != metrics["suite"]:
            raise UserError(
                "metrics.json and predictions.npz are of different test images: `make run` scores "
                "the model anew"
            )
        comparisons = list(compare_scores(champion, answers, promotion))
    verdict, reason = _conclude(floors, comparisons, promotion, champion)
    return Judgement(verdict, reason, floors, comparisons)


def compare_scores(
    champion: Predictions, candidate: Predictions, promotion: Promotion
) -> Iterator[Paired]:
    """The candidate beside the champion by each of the checks; see `Paired`.

    Shares of clean images by Tango's score interval, all means by the paired bootstrap over images
    with all their variants.
    """
    before, after = (_scores(each) for each in (champion, candidate))
    for name, margin in promotion.margins().items():
        if name == SENSITIVITY and name not in after:
            continue  # test images of one class alone have no look-alikes
        gains = after[name] - before[name]
        if name == _BRIER:
            gains = -gains  # it is an error
        limits, most = _interval(name, gains, generator(0, "gate", candidate.suite, name))
        found = standing(limits, margin)
        needed = images_needed(gains, margin, most) if found == "inconclusive" else None
        if needed is not None and name == SENSITIVITY:
            # Of look-alikes there are groups, and as many more as there are more images.
            needed = ceil(needed / len(gains) * len(candidate.labels))
        yield Paired(
            name=name,
            value=float(after[name].mean()),
            champion=float(before[name].mean()),
            gain=float(gains.mean()),
            interval=limits,
            margin=margin,
            standing=found,
            images_needed=needed,
        )


def _floors(metrics: dict[str, Any], promotion: Promotion) -> Iterator[Floor]:
    parts = metrics["factors"] | {name: metrics[name] for name in (CLEAN, COMBINED)}
    accuracies = {name: score["accuracy"] for name, score in parts.items()}
    if metrics[SENSITIVITY]:  # which test images of one class alone do not have
        accuracies[SENSITIVITY] = metrics[SENSITIVITY]["accuracy"]
    for name, floor in promotion.floors().items():
        if name != SENSITIVITY or name in accuracies:
            value = accuracies[name]
            yield Floor(name, value, floor, round(value, _DIGITS) >= round(floor, _DIGITS))
    error, ceiling = metrics["clean"]["ece"], promotion.checks.calibration_error.ceiling
    held = round(error, _DIGITS) <= round(ceiling, _DIGITS)
    yield Floor("calibration_error", error, ceiling, held)


def _scores(model: Predictions) -> dict[str, np.ndarray]:
    probabilities = softmax(model.clean.astype(np.float64), axis=1)
    return shares_right(model) | {_BRIER: brier_scores(probabilities, model.labels)}


def _interval(name: str, gains: np.ndarray, rng: np.random.Generator) -> tuple[Interval, float]:
    """The interval of a mean gain, and the most that one image can gain."""
    if name == CLEAN:
        gained, lost = int((gains > 0).sum()), int((gains < 0).sum())
        return tango_interval(gained, lost, len(gains)), 1.0
    most = 2.0 if name == _BRIER else max(1.0, float(np.abs(gains).max()))
    return mean_interval(gains, most, rng), most


def _conclude(
    floors: Sequence[Floor],
    comparisons: Sequence[Paired],
    promotion: Promotion,
    champion: Predictions | str | None,
) -> tuple[Verdict, str]:
    missed = [_missed(each) for each in floors if not each.held]
    worse = [_behind(each) for each in comparisons if each.standing == "inferior"]
    unsure = [_unsure(each) for each in comparisons if each.standing == "inconclusive"]
    if missed or worse:
        reasons = [f"not held: {', '.join(missed)}"] * bool(missed)
        reasons += [f"worse than the champion: {', '.join(worse)}"] * bool(worse)
        return "refused", f"Refused: {'; '.join(reasons)}."
    if champion is None:
        return "promoted", "Promoted: every floor is held, and there was no champion before."
    if isinstance(champion, str):
        return (
            "challenger",
            f"Kept as challenger: every floor is held, but it is not comparable with the champion: "
            f"{champion}.",
        )
    if unsure:
        return "challenger", f"Kept as challenger: it may be worse in {'; '.join(unsure)}."
    better = [each.name for each in comparisons if each.standing == "superior"]
    if promotion.require_gain and not better:
        return (
            "challenger",
            "Kept as challenger: nowhere worse than the champion, but nowhere better either "
            "(promotion.require_gain).",
        )
    ahead = f", and better in {', '.join(better)}" if better else ""
    return "promoted", f"Promoted: every floor is held, nowhere worse than the champion{ahead}."


def _missed(check: Floor) -> str:
    kind = "floor" if check.value < check.limit else "ceiling"
    return f"{check.name} ({check.value:.2%}, {kind} {check.limit:.2%})"


def _behind(check: Paired) -> str:
    return f"{check.name} ({check.gain:+.2%}, of which {check.margin:.2%} may be lost)"


def _unsure(check: Paired) -> str:
    low, high = check.interval
    settled = (
        f"about {check.images_needed:,} images would settle it"
        if check.images_needed
        else "no number of images would settle it"
    )
    return f"{check.name} ({check.gain:+.2%}, {low:+.2%} to {high:+.2%}, margin {check.margin:.2%}: {settled})"
