"""An image seen once: its geometry, then its light, then what else stands there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from math import prod, sqrt
from typing import Self

import cv2
import numpy as np

from constancy.variation.geometry import (
    Bend,
    Geometry,
    Homography,
    displacement_of_each,
    interpolate,
    pixel_grid,
)
from constancy.variation.layers import Backdrop, Block, Layer, Patches
from constancy.variation.light import Light, Lighting, light_of_each

Piece = Homography | Bend | Lighting | Layer

# Views that are worked out together, at the most, and how many pixels they may have: more save
# little, and processes side by side would push each other out of the caches.
_TOGETHER = 32
_PIXELS_TOGETHER = 2**16


def border_colors(images: np.ndarray) -> np.ndarray:
    """The colour that goes on beyond the border of each image: the median of its edge pixels.

    images: uint8, N x H x W x C. Returns uint8, N x C.
    """
    edges = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    colors: np.ndarray = np.median(np.concatenate(edges, axis=1), axis=1)
    return colors.astype(np.uint8)


def resample(
    image: np.ndarray, points: np.ndarray, shrink: float, border: np.ndarray
) -> np.ndarray:
    """The image, uint8, H x W x C, sampled once at `points` (see `geometry`); bilinear.

    shrink: size of things in the result against the image, where below 1. Then the image is first
    smoothed with a variance of (1 / shrink^2 - 1) / 6 pixels: sampling by a triangle one pixel wide
    (variance 1/6) then averages as much as a triangle 1 / shrink wide would, which is how Pillow
    and torchvision shrink without aliasing.
    border: uint8, C: the colour beyond the image's border, which is never repeated or mirrored.
    """
    if shrink < 1:
        sigma = sqrt((1 / shrink**2 - 1) / 6)
        blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        image = blurred.reshape(image.shape)  # OpenCV drops a single channel
    return interpolate(image, points, cv2.BORDER_CONSTANT, border.tolist())


@dataclass(frozen=True, eq=False)
class View:
    """How an image is seen.

    geometry: applied to the object from the first to the last, but sampled together, once: that is
    faster, and sharper, than one sampling after the other.
    """

    geometry: tuple[Geometry, ...] = ()
    lights: tuple[Light, ...] = ()
    layers: tuple[Layer, ...] = ()

    @classmethod
    def of(cls, pieces: Iterable[Piece | None]) -> Self:
        """The view through all of `pieces`; None changes nothing.

        Whatever their order, an object first has its shape and is then looked at, and a block
        stands in front of patches. Pieces of one sort keep their order.
        """
        return cls._worked_out([list(pieces)])[0]

    @classmethod
    def of_each(
        cls, drawn: Iterable[Iterable[Piece | None]], shape: tuple[int, ...]
    ) -> Iterator[Self]:
        """The view through each of many lists of pieces, drawn for pictures of one shape, in turn.

        The same as `of` each, only faster: small pictures are worked out several at a time.
        """
        remaining = iter(drawn)
        together = max(1, min(_TOGETHER, _PIXELS_TOGETHER // prod(shape[:2])))
        while block := [list(pieces) for pieces in islice(remaining, together)]:
            yield from cls._worked_out(block)

    @classmethod
    def _worked_out(cls, drawn: list[list[Piece | None]]) -> list[Self]:
        every = [piece for pieces in drawn for piece in pieces]
        displaced = iter(
            displacement_of_each([piece for piece in every if isinstance(piece, Bend)])
        )
        lit = iter(light_of_each([piece for piece in every if isinstance(piece, Lighting)]))
        views = []
        for pieces in drawn:
            bends, homographies, shone, around, blocks = [], [], [], [], []
            for piece in pieces:
                match piece:
                    case Bend():
                        bends.append(next(displaced))
                    case Homography():
                        homographies.append(piece)
                    case Lighting():
                        shone.append(next(lit))
                    case Backdrop() | Patches():
                        around.append(piece)
                    case Block():
                        blocks.append(piece)
                    case None:
                        pass
                    case _:
                        raise TypeError(f"{type(piece).__name__} is no piece of a view")
            whole = [reduce(Homography.then, homographies)] if homographies else []
            views.append(cls((*bends, *whole), tuple(shone), (*around, *blocks)))
        return views

    @property
    def shrink(self) -> float:
        """Size of things in the view against the image, where they get smaller; else 1."""
        return prod(piece.shrink for piece in self.geometry)

    def sources(self, height: int, width: int) -> np.ndarray:
        """Where in the image each pixel of the view comes from: float32, H x W x 2."""
        points = pixel_grid(height, width)
        for piece in reversed(self.geometry):
            points = piece.sources(points)
        return points

    def beyond(self, height: int, width: int) -> np.ndarray:
        """Which pixels of the view show what lies beyond the image's border: bool, H x W."""
        if not self.geometry:
            return np.zeros((height, width), bool)
        x, y = np.moveaxis(self.sources(height, width), -1, 0)
        inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        return ~inside

    def targets(self, points: np.ndarray) -> np.ndarray:
        """Where in the view points of the image are seen. points: float32, N x 2, as (x, y)."""
        seen = points.reshape(-1, 1, 2)
        for piece in self.geometry:
            seen = piece.targets(seen)
        return seen.reshape(points.shape)

    def apply(self, image: np.ndarray, border: np.ndarray) -> np.ndarray:
        """The image, uint8, H x W x C, in this view: a new array, and the same bytes if nothing changes.

        border: its row of `border_colors`.
        """
        if self.geometry:
            seen = resample(image, self.sources(*image.shape[:2]), self.shrink, border)
        else:
            seen = image.copy()
        for light in self.lights:
            seen = light.apply(seen)
        for layer in self.layers:
            layer.apply(seen)
        return seen
