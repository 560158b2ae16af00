"""Geometry of a view: where in the image each of its pixels comes from.

Points are float32, ... x 2, as (x, y) in pixels; pixel centres have whole numbers, x grows to the
right and y downward.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import cv2
import numpy as np

from constancy.variation.waves import draw_field, smooth_fields

_INVERSION_STEPS = 100


@lru_cache(maxsize=64)
def pixel_grid(height: int, width: int) -> np.ndarray:
    """The centre of every pixel: float32, H x W x 2, read-only and the same object every time."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.stack([x, y], axis=-1)
    grid.setflags(write=False)
    return grid


def interpolate(
    values: np.ndarray, points: np.ndarray, border: int, beyond: Sequence[float] = ()
) -> np.ndarray:
    """`values`, H x W x C, between pixels: bilinear at `points`, h x w x 2.

    border: OpenCV's mode for points outside; beyond: the value there for cv2.BORDER_CONSTANT.
    Returns h x w x C in the dtype of `values`.
    """
    found: np.ndarray = cv2.remap(  # type: ignore[call-overload]  # the second map is optional
        values, points, None, cv2.INTER_LINEAR, borderMode=border, borderValue=beyond
    )
    return found.reshape(*points.shape[:2], values.shape[2])


@dataclass(frozen=True, eq=False)
class Homography:
    """A projective change of the whole picture.

    back: 3 x 3, from points of the view to points of the image.
    shrink: size of an object in the view against the image where it gets smaller, else 1; what is
    finer than the view's pixels has to be smoothed away by as much before sampling.
    """

    back: np.ndarray
    shrink: float = 1.0

    def then(self, other: Self) -> "Homography":
        """This change, and after it the other, as one."""
        return Homography(self.back @ other.back, self.shrink * other.shrink)

    def sources(self, points: np.ndarray) -> np.ndarray:
        """The points of the image that are seen at `points` of the view."""
        found: np.ndarray = cv2.perspectiveTransform(points, self.back)
        return found

    def targets(self, points: np.ndarray) -> np.ndarray:
        """The points of the view at which `points` of the image are seen."""
        seen: np.ndarray = cv2.perspectiveTransform(points, np.linalg.inv(self.back))
        return seen


@dataclass(frozen=True, eq=False)
class Displacement:
    """A smooth change of shape: what is seen at p comes from p + field(p).

    field: float32, H x W x 2, in pixels. The map p + field(p) does not fold.
    """

    field: np.ndarray
    shrink: float = 1.0

    def sources(self, points: np.ndarray) -> np.ndarray:
        """The points of the image that are seen at `points` of the view."""
        if points is pixel_grid(*self.field.shape[:2]):
            return np.add(points, self.field)
        sources = self._between_pixels(points)
        sources += points
        return sources

    def targets(self, points: np.ndarray) -> np.ndarray:
        """The points of the view at which `points` of the image are seen.

        Solved as the fixed point of p = q - field(p), half a step at a time: that attracts wherever
        the map does not turn the neighbourhood of a point around, which few fields do.
        """
        seen = points
        for _ in range(_INVERSION_STEPS):
            seen = (seen + points - self._between_pixels(seen)) / 2
        return seen

    def _between_pixels(self, points: np.ndarray) -> np.ndarray:
        return interpolate(self.field, points, cv2.BORDER_REPLICATE)


Geometry = Homography | Displacement


@dataclass(frozen=True, eq=False)
class Bend:
    """A smooth change of shape that is drawn, but not yet worked out; see `waves.smooth_fields`.

    rms, strongest: in pixels; weights: drawn by `waves.draw_field`; height, width: of the picture.
    """

    rms: float
    strongest: float
    weights: np.ndarray
    height: int
    width: int


def turned(tilt: float, toward: float, roll: float, height: int, width: int) -> Homography:
    """The picture as a camera sees it that has moved around the picture's centre.

    tilt: degrees by which the camera has moved; toward: the direction in the picture in which it
    has moved, radians from the x axis to the y axis, so that this side comes nearer and looks
    larger; roll: degrees by which the picture then turns clockwise about its centre.

    A plane at the distance f of the focal length, turned about its centre, is seen through
    K [r1 r2 t] with K = diag(f, f, 1) and t = (0, 0, f) (Hartley and Zisserman 2004, "Multiple view
    geometry", 8.1.1). In the picture's own axes, d along `toward` and n across it,
        d' = d cos(tilt) / (1 - d sin(tilt) / f),     n' = n / (1 - d sin(tilt) / f),
    and back again
        d = d' / (cos(tilt) + d' sin(tilt) / f),      n = n' cos(tilt) / (cos(tilt) + d' sin(tilt) / f).
    The centre stays where it is. The focal length is the picture's diagonal: a field of view of
    53 degrees from corner to corner, that of a normal lens.
    """
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    along, across = math.cos(toward), math.sin(toward)
    nearer = sin / math.hypot(height, width)
    both = (1 - cos) * along * across
    tilted = (
        (cos + (1 - cos) * along * along, both, 0.0),
        (both, cos + (1 - cos) * across * across, 0.0),
        (nearer * along, nearer * across, cos),
    )
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    # Rolled first, and about the centre. On nine numbers, NumPy takes five times as long as Python.
    rows = [(p * cos - q * sin, p * sin + q * cos, r) for p, q, r in tilted]
    x, y = (width - 1) / 2, (height - 1) / 2
    back = []
    for row, centre in zip(rows, (x, y, 0.0), strict=True):
        p, q, r = (own + centre * last for own, last in zip(row, rows[2], strict=True))
        back.append((p, q, r - p * x - q * y))
    return Homography(np.array(back))


def resized(size: float, height: int, width: int) -> Homography:
    """The picture with everything in it `size` times as large, about its centre."""
    by, kept = 1 / size, 0.5 - 0.5 / size
    back = np.array([[by, 0, kept * (width - 1)], [0, by, kept * (height - 1)], [0, 0, 1]])
    return Homography(back, shrink=min(size, 1.0))


def bent(rms: float, strongest: float, rng: np.random.Generator, height: int, width: int) -> Bend:
    """The picture under a random smooth displacement.

    rms: root mean square length of the displacement, in percent of the shorter side; strongest: the
    largest that the same draw may have elsewhere: its shape is the same there.
    """
    percent = min(height, width) / 100
    weights = draw_field(rng, height, width)
    return Bend(rms * percent, strongest * percent, weights, height, width)


def displacement_of_each(bends: Sequence[Bend]) -> list[Displacement]:
    """What all of them displace, in pictures of one size."""
    if not bends:
        return []
    fields = smooth_fields(
        [bend.weights for bend in bends],
        [bend.rms for bend in bends],
        [bend.strongest for bend in bends],
        bends[0].height,
        bends[0].width,
    )
    return [Displacement(field) for field in fields]
