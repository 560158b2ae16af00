"""Section `promotion`: what a model must hold to become champion."""

from pydantic import Field

from constancy.settings.base import Section, Share


class Floors(Section):
    """The least accuracy, on clean images and as the mean over the severities of each factor."""

    clean: Share
    viewpoint: Share
    illumination: Share
    scale: Share
    deformation: Share
    clutter: Share
    occlusion: Share
    intra_class: Share = Field(alias="intra-class")


class Promotion(Section):
    floors: Floors
    margin: Share
    """How far a candidate may fall below the champion on any of these and still take its place."""
