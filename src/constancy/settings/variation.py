"""Sections `variation` and `suites`: the seven factors, the training copies, the frozen suites."""

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from constancy.settings.base import PIXEL_FACTORS, SEVERITIES, AutoOrCount, Section


def identity(strength: str) -> float:
    """The value of a strength, by its key, that changes nothing."""
    return 1.0 if strength in ("gamma", "smaller", "larger") else 0.0


def _five_steps_away(strength: str) -> AfterValidator:
    """Check one value for each severity, each farther from that which changes nothing."""
    start = identity(strength)

    def check(values: list[float]) -> list[float]:
        if len(values) != len(SEVERITIES):
            raise ValueError(f"must have {len(SEVERITIES)} values, one for each severity")
        rising = [abs(value - start) for value in values]
        same_side = len({value > start for value in values}) == 1
        if rising[0] == 0 or not same_side or any(a >= b for a, b in pairwise(rising)):
            raise ValueError(f"must move away from {start:g} with every severity")
        return values

    return AfterValidator(check)


Degrees = Annotated[list[Annotated[float, Field(gt=0, le=60)]], _five_steps_away("tilt")]
HalfTurn = Annotated[list[Annotated[float, Field(gt=0, le=180)]], _five_steps_away("roll")]
Gamma = Annotated[list[Annotated[float, Field(gt=1, le=10)]], _five_steps_away("gamma")]
Shade = Annotated[list[Annotated[float, Field(gt=0, le=1)]], _five_steps_away("shade")]
Stops = Annotated[list[Annotated[float, Field(gt=0, le=3)]], _five_steps_away("uneven")]
Mired = Annotated[list[Annotated[float, Field(gt=0, le=110)]], _five_steps_away("mired")]
Smaller = Annotated[list[Annotated[float, Field(ge=0.1, lt=1)]], _five_steps_away("smaller")]
Larger = Annotated[list[Annotated[float, Field(gt=1, le=10)]], _five_steps_away("larger")]
Percent = Annotated[list[Annotated[float, Field(gt=0, le=6)]], _five_steps_away("rms")]
Count = Annotated[list[Annotated[int, Field(gt=0, le=50)]], _five_steps_away("patches")]
Area = Annotated[list[Annotated[float, Field(gt=0, le=0.9)]], _five_steps_away("area")]


class Viewpoint(Section):
    tilt: Degrees
    roll: HalfTurn


class Illumination(Section):
    gamma: Gamma
    shade: Shade
    uneven: Stops
    mired: Mired


class Scale(Section):
    smaller: Smaller
    larger: Larger


class Deformation(Section):
    rms: Percent


class Clutter(Section):
    patches: Count
    backdrop: Shade


class Occlusion(Section):
    area: Area


class Strengths(Section):
    """What severities 1 to 5 of each factor mean."""

    viewpoint: Viewpoint
    illumination: Illumination
    scale: Scale
    deformation: Deformation
    clutter: Clutter
    occlusion: Occlusion


class Copies(Section):
    """How often each training image is seen anew under one factor, or under several at once."""

    viewpoint: int = Field(0, ge=0, le=100)
    illumination: int = Field(0, ge=0, le=100)
    scale: int = Field(0, ge=0, le=100)
    deformation: int = Field(0, ge=0, le=100)
    clutter: int = Field(0, ge=0, le=100)
    occlusion: int = Field(0, ge=0, le=100)
    combined: int = Field(0, ge=0, le=100)

    def positive(self) -> dict[str, int]:
        """The kinds of copies that are made at all, with their numbers."""
        return {kind: count for kind, count in self.model_dump().items() if count}


class Combine(Section):
    """How many factors a combination draws, at the least and at the most."""

    least: int = Field(ge=2, le=len(PIXEL_FACTORS))
    most: int = Field(ge=2, le=len(PIXEL_FACTORS))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError("least must not be greater than most")
        return self


class Severities(Section):
    """Between which severities training copies are drawn: above `least`, up to `most`."""

    least: float = Field(ge=0, lt=SEVERITIES[-1])
    most: float = Field(gt=0, le=SEVERITIES[-1])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least >= self.most:
            raise ValueError("least must be smaller than most")
        return self


Severity = Annotated[float, Field(ge=0, le=SEVERITIES[-1])]


class Limits(Section):
    """The highest severity of each factor at which an image of a class is still one of that class."""

    viewpoint: Severity = SEVERITIES[-1]
    illumination: Severity = SEVERITIES[-1]
    scale: Severity = SEVERITIES[-1]
    deformation: Severity = SEVERITIES[-1]
    clutter: Severity = SEVERITIES[-1]
    occlusion: Severity = SEVERITIES[-1]


class Variation(Section):
    strengths: Strengths
    copies: Copies
    severities: Severities
    combine: Combine
    limits: dict[str, Limits]
    """For classes, by name, that a factor could turn into another: at most so severe."""
    albumentations: list[dict[str, Any]]
    """Transforms that all training copies pass through in the end: `name`, and arguments."""

    @field_validator("albumentations")
    @classmethod
    def _named(cls, transforms: list[dict[str, Any]]) -> list[dict[str, Any]]:
        nameless = [each for each in transforms if not isinstance(each.get("name"), str)]
        if nameless:
            raise ValueError(f"{nameless[0]} has no name: write {{name: GaussNoise, p: 0.5}}")
        return transforms


LEAST_VALIDATION, MOST_VALIDATION = 50, 1000


class Suites(Section):
    """How many images of a split are varied for its suites, at the most."""

    test: int = Field(ge=1)
    validation: AutoOrCount
    """Those by which training is tested after every epoch."""

    def counts(self, train: int) -> dict[str, int]:
        """Of each split, by name, for so many training images.

        `auto` is one image of the validation split for each hundred of them, so that its variants
        cost an epoch a tenth of its time. With too few, chance decides which epoch looks best; too
        many fill the disk.
        """
        auto = min(max(train // 100, LEAST_VALIDATION), MOST_VALIDATION)
        return {
            "test": self.test,
            "validation": auto if self.validation == "auto" else self.validation,
        }
