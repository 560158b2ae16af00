"""Strengths at which accuracy falls in equal steps, read off a measured curve."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import ValidationError

from constancy.calibration.curves import Curve
from constancy.settings.base import SEVERITIES
from constancy.settings.variation import Strengths, identity
from constancy.variation.factors import strength_at, strength_of

HARDLY = 0.02
"""Accuracy lost at the strongest severity below which a factor cannot be told from none."""

KILLS = 0.5
"""Share of the clean accuracy that, once lost at the weakest severity, leaves too little to lose."""

_UNMEASURED = ("backdrop",)  # it needs masks, which prepared images have not
_DIGITS = (2, 3)  # as few as keep them apart, of a strength's distance from none at all


def verdict(curve: Curve) -> str | None:
    """What is wrong with a factor's strengths as a whole, in a clause; None if nothing is."""
    if hardly_costs(curve):
        return (
            "costs hardly anything even at its strongest: kept as it is; "
            "raise its strengths if the world varies more"
        )
    clean, weakest = curve.accuracies[0], curve.accuracies[1]
    if weakest < KILLS * clean:
        return f"kills at its weakest already ({100 * weakest:.0f} % right): begin far below"
    return None


def hardly_costs(curve: Curve) -> bool:
    """Whether the strongest severity costs nothing that could be measured or would matter."""
    return curve.cost < max(HARDLY, curve.half_width(0, len(SEVERITIES)))


def even_severities(curve: Curve) -> list[float]:
    """Five severities, up to 5, at which accuracy falls in equal steps to that of severity 5.

    Read off the falling curve, linear between its points; of a flat stretch, its beginning.
    """
    falling = curve.falling()
    wanted = np.linspace(falling[0], falling[-1], len(SEVERITIES) + 1)[1:]
    found = []
    for accuracy in wanted.tolist():
        after = int((falling <= accuracy + 1e-9).argmax())
        before = max(after - 1, 0)
        step = float(falling[before] - falling[after])
        found.append(before + (float(falling[before]) - accuracy) / step if step else float(after))
    return [*found[:-1], float(SEVERITIES[-1])]


def propose_strengths(strengths: Strengths, curves: dict[str, Curve]) -> Strengths:
    """The strengths of every factor, spaced evenly by what its curve has measured.

    The strongest stays what it is, and so does a factor that hardly costs anything, or whose
    strengths are too coarse for that, as a few patches are.
    """
    proposed = strengths.model_dump()
    for factor, curve in curves.items():
        if hardly_costs(curve):
            continue
        severities = even_severities(curve)
        for digits in _DIGITS:
            values = {
                key: steps if key in _UNMEASURED else _spaced(key, steps, severities, digits)
                for key, steps in proposed[factor].items()
            }
            with suppress(ValidationError):  # two of them round to the same
                Strengths.model_validate(proposed | {factor: values})
                proposed[factor] = values
                break
    return Strengths.model_validate(proposed)


def translate_limit(limit: float, factor: str, old: Strengths, new: Strengths) -> float:
    """The severity of the new strengths that is no stronger than `limit` is of the old ones."""
    found = []
    for key in type(getattr(old, factor)).model_fields:
        strongest = strength_of(getattr(old, factor), key, limit)
        there = [abs(each - identity(key)) for each in getattr(getattr(new, factor), key)]
        reached = np.interp(abs(strongest - identity(key)), [0, *there], [0, *SEVERITIES])
        found.append(float(reached))
    return int(10 * min(found) + 1e-6) / 10


def _spaced(key: str, steps: list[Any], severities: list[float], digits: int) -> list[Any]:
    """The strengths at the severities, rounded; counts are whole."""
    middle = identity(key)
    if all(isinstance(each, int) for each in steps):
        values: list[Any] = [max(1, round(strength_at(s, steps, middle))) for s in severities]
        return [*values[:-1], steps[-1]] if _rising(values) else steps
    rounded = [
        round(middle + float(f"{strength_at(s, steps, middle) - middle:.{digits}g}"), 6)
        for s in severities[:-1]
    ]
    return [*rounded, steps[-1]]


def _rising(values: list[int]) -> bool:
    return all(a < b for a, b in pairwise(values))
