"""Section `data.quality`: what to do about images and classes that a check flags."""

from typing import Literal

from pydantic import Field

from constancy.settings.base import Section, Share

Action = Literal["fail", "warn", "drop"]
"""fail: stop; warn: keep what is flagged and say so; drop: leave it out and say so."""


class Unreadable(Section):
    """Files that cannot be read as images: there is nothing to keep, so there is no `warn`."""

    action: Literal["fail", "drop"]
    at_most: Share
    """Share of all files; when more than that cannot be read, the stage stops all the same."""


class ExactDuplicates(Section):
    """Images with the same pixels under one label: all but one are flagged."""

    action: Action


class ConflictingLabels(Section):
    """Images with the same pixels under different labels: all of them are flagged."""

    action: Action


class Leakage(Section):
    """Duplicates and near-duplicates on two sides of a split: those on training's side are flagged."""

    action: Action


class NearDuplicates(Section):
    """Images that hardly differ: all but one are flagged."""

    action: Action
    bits: int = Field(ge=0, le=8)
    """Perceptual hashes of 64 bits that differ in no more than these propose a pair ..."""
    difference: Share
    """... and pixels confirm it: root mean square difference against the contrast, at the most."""


class SmallClass(Section):
    """Classes with fewer images than `minimum`, all splits together."""

    action: Action
    minimum: int = Field(ge=2)


class Imbalance(Section):
    """Training images of the largest class against those of the smallest."""

    action: Literal["fail", "warn"]
    ratio: float = Field(ge=1)


class MissingClass(Section):
    """Classes without an image in one of the splits."""

    action: Action


class Sizes(Section):
    """Images of unusual size or shape, as the files have them."""

    action: Action
    side: int = Field(ge=1)
    """Shorter side in pixels below which an image is too small to tell anything."""
    aspect: float = Field(ge=1)
    """Longer side over shorter side, at the most."""
    ratio: float = Field(ge=1)
    """How many times the median number of pixels, or what part of it, is still usual."""


class Quality(Section):
    """One check each, in the order in which they are made."""

    unreadable: Unreadable
    conflicting_labels: ConflictingLabels
    exact_duplicates: ExactDuplicates
    sizes: Sizes
    leakage: Leakage
    near_duplicates: NearDuplicates
    small_class: SmallClass
    missing_class: MissingClass
    imbalance: Imbalance
