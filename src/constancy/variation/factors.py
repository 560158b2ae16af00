"""The six factors that make new pixels, each defined once.

Training copies draw from them at random, suites walk through them in order, and the albumentations
transforms of `transforms` are made of them too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from constancy.settings.base import SEVERITIES, Section
from constancy.settings.variation import (
    Clutter,
    Combine,
    Deformation,
    Illumination,
    Occlusion,
    Scale,
    Viewpoint,
    identity,
)
from constancy.variation.geometry import Bend, Homography, bent, resized, turned
from constancy.variation.layers import Backdrop, Block, Patches, hidden, strewn, swapped
from constancy.variation.light import Lamp, Lighting
from constancy.variation.scene import Scene
from constancy.variation.view import Piece
from constancy.variation.waves import draw_pattern

ANY = "any"
"""The direction of a factor that has only one, and of a view whose direction was drawn."""

MAX_SEVERITY = float(SEVERITIES[-1])

_LIGHT_ENDS = (0.25, 0.75)  # where in the picture a lamp's light ends
_LIGHT_FADES = (0.4, 1.2)  # over how much of the picture

_TOWARD = {"left": math.pi, "right": 0.0, "up": -math.pi / 2, "down": math.pi / 2}


@dataclass(frozen=True)
class Factor:
    """One way in which images of a class differ.

    directions: the ways in which it can go, by name; a factor without a sense has just "any".
    """

    name: str
    directions: tuple[str, ...]
    _draw: Callable[[Any, float, np.random.Generator, Scene, str | None], Piece]

    def draw(
        self,
        strengths: Any,
        severity: float,
        rng: np.random.Generator,
        scene: Scene,
        direction: str | None = None,
    ) -> Piece | None:
        """A random piece of a view of `scene`; None where severity 0 leaves everything as it is.

        strengths: the factor's own section of settings `variation.strengths`; severity: from 0 to
        5, between whole numbers by linear interpolation, but no more than `scene.limits` allow;
        direction: one of `directions`, or None to draw it as well. The same state of `rng` at a higher severity gives the same change,
        only stronger.

        Raises ValueError for a severity or direction that the factor does not have.
        """
        if not 0 <= severity <= MAX_SEVERITY:
            raise ValueError(f"severity must be from 0 to {MAX_SEVERITY:g}, not {severity}")
        if direction is not None and direction not in self.directions:
            known = ", ".join(self.directions)
            raise ValueError(f"{self.name} has no direction '{direction}': known: {known}")
        severity = min(severity, scene.limits.get(self.name, severity))
        if severity == 0:
            return None
        return self._draw(strengths, severity, rng, scene, direction)


def draw_combination(combine: Combine, rng: np.random.Generator) -> list[str]:
    """The names of several different factors, in the order of FACTORS."""
    count = rng.integers(combine.least, combine.most + 1)
    drawn = set(rng.permutation(len(FACTORS))[:count].tolist())
    return [name for place, name in enumerate(FACTORS) if place in drawn]


def strength_at(severity: float, steps: Sequence[float], identity: float) -> float:
    """The strength at a severity from 0 to 5: `identity` at 0, then the five steps, linear between.

    The same as np.interp, at a tenth of its cost for a single number.
    """
    below = min(int(severity), len(steps) - 1)
    share = severity - below
    low = steps[below - 1] if below else identity
    return (1 - share) * low + share * steps[below]


def strength_of(strengths: Section, key: str, severity: float) -> float:
    """The value of one of a factor's strengths at a severity from 0 to 5."""
    return strength_at(severity, getattr(strengths, key), identity(key))


def pieces_of(patches: float) -> int:
    """Part of a patch counts as one, so that no severity above 0 leaves an image as it was."""
    return math.ceil(patches)


def _viewpoint(
    strengths: Viewpoint,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    direction: str | None,
) -> Homography:
    tilt = strength_of(strengths, "tilt", severity)
    roll = strength_of(strengths, "roll", severity) * (2 * rng.random() - 1)
    toward = 2 * math.pi * rng.random() if direction is None else _TOWARD[direction]
    return turned(tilt, toward, roll, *scene.shape[:2])


def _illumination(
    strengths: Illumination,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    direction: str | None,
) -> Lighting:
    gamma = strength_of(strengths, "gamma", severity)
    mired = strength_of(strengths, "mired", severity)
    toward, place, width, metered, warmth = rng.random(5).tolist()
    darker = rng.random() < 0.5 if direction is None else direction == "darker"
    lamp = Lamp(
        toward=2 * math.pi * toward,
        place=_between(_LIGHT_ENDS, place),
        width=_between(_LIGHT_FADES, width),
        shade=strength_of(strengths, "shade", severity),
    )
    return Lighting(
        scene.shape,
        draw_pattern(rng, *scene.shape[:2]),
        gamma=gamma if darker else 1 / gamma,
        mired=mired * (2 * warmth - 1),
        lamp=lamp,
        uneven=strength_of(strengths, "uneven", severity),
        metered=metered,
    )


def _between(limits: tuple[float, float], place: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * place


def _scale(
    strengths: Scale,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    direction: str | None,
) -> Homography:
    smaller = rng.random() < 0.5 if direction is None else direction == "smaller"
    size = strength_of(strengths, "smaller" if smaller else "larger", severity)
    return resized(size, *scene.shape[:2])


def _deformation(
    strengths: Deformation,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    _: str | None,
) -> Bend:
    rms = strength_of(strengths, "rms", severity)
    return bent(rms, strengths.rms[-1], rng, *scene.shape[:2])


def _clutter(
    strengths: Clutter,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    _: str | None,
) -> Patches | Backdrop:
    if scene.mask is not None:
        return swapped(strength_of(strengths, "backdrop", severity), rng, scene)
    return strewn(pieces_of(strength_of(strengths, "patches", severity)), rng, scene)


def _occlusion(
    strengths: Occlusion,
    severity: float,
    rng: np.random.Generator,
    scene: Scene,
    _: str | None,
) -> Block:
    return hidden(strength_of(strengths, "area", severity), rng, scene)


FACTORS = {
    factor.name: factor
    for factor in (
        Factor("viewpoint", ("left", "right", "up", "down"), _viewpoint),
        Factor("illumination", ("darker", "lighter"), _illumination),
        Factor("scale", ("smaller", "larger"), _scale),
        Factor("deformation", (ANY,), _deformation),
        Factor("clutter", (ANY,), _clutter),
        Factor("occlusion", (ANY,), _occlusion),
    )
}
"""The factors by name, in the order in which they are shown."""
