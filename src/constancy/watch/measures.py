"""The measures that are watched: their axes, what to say of them, and which factors move them."""

from dataclasses import dataclass

from constancy.settings.base import INTRA_CLASS

LABELS = "labels"
"""The only measure that is no number but a class."""


@dataclass(frozen=True)
class Measure:
    """What is watched of each image.

    axis: one of the seven; low, high: what images are whose numbers are lower or higher; factors:
    which of them move it, in whose suites to look; held_out: compared with validation images, since
    something was fitted to those of training.
    """

    name: str
    axis: str
    low: str
    high: str
    factors: tuple[str, ...] = ()
    held_out: bool = False


_LIGHT = ("illumination",)
_SIZE = ("scale", "viewpoint")
_SHARP = ("deformation", "scale", "viewpoint")
_OTHERS = ("clutter", "occlusion")
_SEEN = "occlusion and clutter"
_STRANGE = (INTRA_CLASS, "viewpoint", "deformation", "clutter", "occlusion")

MEASURES = (
    Measure("brightness", "light", "darker", "brighter", _LIGHT),
    Measure("contrast", "light", "flatter", "of more contrast", _LIGHT),
    Measure("shade", "light", "lit more evenly", "lit more unevenly", _LIGHT),
    Measure("warmth", "light", "colder in colour", "warmer in colour", _LIGHT),
    Measure("saturation", "light", "paler", "more colourful", _LIGHT),
    Measure("object", "size and border", "smaller", "larger", _SIZE),
    Measure("extent", "size and border", "more compact", "more spread out", _SIZE),
    Measure("background", "size and border", "of less border", "of more border", _SIZE),
    Measure("sharpness", "sharpness", "more blurred", "sharper", _SHARP),
    Measure("surround", _SEEN, "emptier around", "busier around", ("clutter",)),
    Measure("centre", _SEEN, "smoother in the middle", "busier in the middle", _OTHERS),
    Measure("blocks", _SEEN, "of fewer plain blocks", "of more plain blocks", ("occlusion",)),
    Measure("confidence", "confidence", "less sure", "surer", held_out=True),
    Measure(LABELS, "label mix", "", "", held_out=True),
    Measure("distance", "distance", "more usual", "odder", (INTRA_CLASS,), held_out=True),
    Measure("residual", "distance", "more like training", "stranger", _STRANGE, held_out=True),
)
"""In the order in which they are shown. Those of colour are missing for grey images."""
