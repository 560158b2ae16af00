"""Section `promotion`: what a model must hold to become champion."""

from pydantic import Field

from constancy.settings.base import Section, Share


class Held(Section):
    """An accuracy: less than the floor is refused; margin: how far below the champion it may fall."""

    floor: Share
    margin: Share


class Limited(Section):
    """An error: more than the ceiling is refused."""

    ceiling: Share


class Guarded(Section):
    """An error that is looked at beside the champion's: margin: how far it may rise above that."""

    margin: Share


class Checks(Section):
    """What is looked at, by its name."""

    clean: Held
    viewpoint: Held
    illumination: Held
    scale: Held
    deformation: Held
    clutter: Held
    occlusion: Held
    intra_class: Held = Field(alias="intra-class")
    combined: Held
    sensitivity: Held
    calibration_error: Limited
    brier: Guarded


class Promotion(Section):
    checks: Checks
    require_gain: bool
    """Whether a candidate must be better than the champion by at least one of the checks."""

    def floors(self) -> dict[str, float]:
        """The least accuracies, by name."""
        checks = self.checks.model_dump(by_alias=True)
        return {name: each["floor"] for name, each in checks.items() if "floor" in each}

    def margins(self) -> dict[str, float]:
        """How far behind the champion each score may be, by name."""
        checks = self.checks.model_dump(by_alias=True)
        return {name: each["margin"] for name, each in checks.items() if "margin" in each}
