"""An image under the seven factors, each as severe as its slider says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from constancy.seeds import generator
from constancy.settings.base import INTRA_CLASS, PIXEL_FACTORS, SEVERITIES, Section
from constancy.settings.variation import Variation
from constancy.variation.beyond import going_on
from constancy.variation.factors import FACTORS, MAX_SEVERITY
from constancy.variation.scene import UNKNOWN_CLASS, Donors, Scene
from constancy.variation.strength_text import strength_lines
from constancy.variation.view import View, border_colors

FARTHEST = 7.0
"""Where sliders end: beyond the severities, so that it shows how a model ends."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The image that is varied.

    pixels: uint8, size x size x channels, as the model sees it; name: what it is called; label: its
    class, UNKNOWN_CLASS for an image that somebody brought.
    """

    pixels: np.ndarray
    name: str
    label: int = UNKNOWN_CLASS


@dataclass(frozen=True, eq=False)
class Specimens:
    """The test images of each class, from usual to odd.

    images: uint8, N x H x W x C; rows: for each class its rows in that order.
    """

    images: np.ndarray
    rows: list[np.ndarray]

    def place(self, label: int, severity: float) -> int | None:
        """The rank within its class of the image at a severity above 0: (k - 1, k] is its k-th fifth.

        None for a class without images.
        """
        count = len(self.rows[label])
        return min(int(severity / SEVERITIES[-1] * count), count - 1) if count else None


@dataclass(frozen=True, eq=False)
class Varier:
    """How images are varied. donors: where foreign pieces are cut from; specimens: None where the
    test images are not sorted, or of another form.
    """

    variation: Variation
    seed: int
    donors: Donors
    specimens: Specimens | None

    def vary(self, subject: Subject, severities: Mapping[str, float], draw: int) -> np.ndarray:
        """The subject under all factors in one view: uint8, in its shape.

        severities: from 0 (untouched) to FARTHEST, by factor. draw: a number for all that chance
        decides; while it stays, a slider changes how strong a change is, and not which.
        """
        pixels = self._specimen(subject, severities.get(INTRA_CLASS, 0.0))
        scene = Scene(pixels.shape, subject.label, self.donors)
        pieces = []
        for name in PIXEL_FACTORS:
            strengths, severity = self._strengths(name, severities.get(name, 0.0))
            rng = generator(self.seed, "play", draw, name)
            direction = self._direction(name, draw)
            pieces.append(FACTORS[name].draw(strengths, severity, rng, scene, direction))
        return View.of(pieces).apply(pixels, border_colors(pixels[None])[0])

    def strength(self, subject: Subject, factor: str, severity: float, draw: int) -> str:
        """What a factor's slider stands for, in words and units; nothing at 0."""
        if factor == INTRA_CLASS:
            return self._specimen_text(subject, severity)
        if severity == 0:
            return ""
        strengths, severity = self._strengths(factor, severity)
        direction = self._direction(factor, draw)
        grey = subject.pixels.shape[2] == 1
        lines = strength_lines(strengths, factor, direction, severity, grey=grey)
        named = [direction] if len(FACTORS[factor].directions) > 1 else []
        return ", ".join([*named, *lines])

    def can_swap(self, subject: Subject) -> bool:
        """Whether there are other specimens of the subject's class."""
        return self.specimens is not None and subject.label != UNKNOWN_CLASS

    def _strengths(self, factor: str, severity: float) -> tuple[Section, float]:
        """Strengths, and the severity at which they are those that are asked for."""
        strengths: Section = getattr(self.variation.strengths, factor)
        if severity <= MAX_SEVERITY:
            return strengths, severity
        return going_on(strengths, severity), MAX_SEVERITY

    def _direction(self, factor: str, draw: int) -> str:
        ways = FACTORS[factor].directions
        return ways[generator(self.seed, "play", draw, factor, "direction").integers(len(ways))]

    def _specimen(self, subject: Subject, severity: float) -> np.ndarray:
        place = self._place(subject, severity)
        if place is None or self.specimens is None:
            return subject.pixels
        return np.array(self.specimens.images[self.specimens.rows[subject.label][place]])

    def _specimen_text(self, subject: Subject, severity: float) -> str:
        if subject.label == UNKNOWN_CLASS:
            return "only for test images: nobody said what class this image is of"
        if self.specimens is None:
            return "needs the suites of this project: `constancy run` makes them"
        place = self._place(subject, severity)
        if place is None:
            return ""
        count = len(self.specimens.rows[subject.label])
        return f"test image {place + 1} of {count} of this class, from usual to odd"

    def _place(self, subject: Subject, severity: float) -> int | None:
        if severity == 0 or self.specimens is None or subject.label == UNKNOWN_CLASS:
            return None
        return self.specimens.place(subject.label, severity)
