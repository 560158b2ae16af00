"""What else stands in a view: foreign patches around the object, and a block in front of it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from constancy.variation.scene import Scene

FILLS = ("mean", "noise", "foreign")
"""What a block in front of the object is made of."""

_PATCH = 4  # patches are a quarter of each side
_ZONE = 0.5  # the zone in the middle that is the object's: an ellipse of half the sides
_FEATHER = 8  # edges fade over an eighth of the patch


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of another image. pixels: uint8, h x w x C; top, left: where it lies in the view."""

    top: int
    left: int
    pixels: np.ndarray


@dataclass(frozen=True, eq=False)
class Patches:
    """Foreign pieces around the object; later ones lie on earlier ones."""

    patches: tuple[Patch, ...]

    def apply(self, image: np.ndarray) -> None:
        """Paste the patches into the image, uint8, H x W x C, in place, with soft edges."""
        for patch in self.patches:
            height, width = patch.pixels.shape[:2]
            bottom, right = patch.top + height, patch.left + width
            region = image[patch.top : bottom, patch.left : right]
            blended = cv2.blendLinear(patch.pixels, region, *_feathers(height, width))
            region[...] = blended.reshape(region.shape)  # OpenCV drops a single channel

    def apply_control(self, image: np.ndarray) -> None:
        """The same: a control has patches of its own."""
        self.apply(image)


@dataclass(frozen=True, eq=False)
class Backdrop:
    """Another image behind the object.

    pixels: float32, H x W x C: those of the other image, as far as they show; clear: float32, H x W
    x 1, in 0..1: how much of the image is seen in front of them.
    """

    pixels: np.ndarray
    clear: np.ndarray

    def apply(self, image: np.ndarray) -> None:
        """Put the backdrop behind the object of the image, uint8, H x W x C, in place."""
        image[...] = self.pixels + self.clear * image + np.float32(0.5)

    def apply_control(self, image: np.ndarray) -> None:
        """The same: a control has a backdrop of its own."""
        self.apply(image)


@dataclass(frozen=True, eq=False)
class Block:
    """A rectangle in front of the object.

    pixels: uint8, height x width x C; None: the mean colour of what is seen.
    """

    top: int
    left: int
    height: int
    width: int
    pixels: np.ndarray | None

    def apply(self, image: np.ndarray) -> None:
        """Draw the block over the image, uint8, H x W x C, in place."""
        pixels = self.pixels
        if pixels is None:
            mean = cv2.mean(image)[: image.shape[2]]
            pixels = np.rint(mean).astype(np.uint8)
        bottom, right = self.top + self.height, self.left + self.width
        image[self.top : bottom, self.left : right] = pixels

    def apply_control(self, image: np.ndarray) -> None:
        """Draw its outermost pixels alone: the edges of the block, without what it hides."""
        inside = (
            slice(self.top + 1, self.top + self.height - 1),
            slice(self.left + 1, self.left + self.width - 1),
        )
        hidden = image[inside].copy()
        self.apply(image)
        image[inside] = hidden


Layer = Patches | Backdrop | Block


def strewn(count: int, rng: np.random.Generator, scene: Scene) -> Patches:
    """`count` pieces from the middle of images of other classes, at random places around the object.

    A piece is a quarter of each side large and does not touch the ellipse of half the sides in
    the middle of the picture. Raises as `Scene.foreign` does.
    """
    height, width, _ = scene.shape
    places = _places_around(height, width)
    patches = []
    for where, who, down, across in rng.random((count, 4)).tolist():
        top, left = places[int(where * len(places))]
        patches.append(Patch(top, left, _foreign_piece(scene, who, down, across)))
    return Patches(tuple(patches))


def swapped(opacity: float, rng: np.random.Generator, scene: Scene) -> Backdrop:
    """An image of another class in the place of what the scene's mask does not cover.

    opacity: how much it hides what was there, 0 to 1. The mask's edge is softened by a pixel.
    Raises as `Scene.foreign` does.
    """
    assert scene.mask is not None
    behind = cv2.GaussianBlur((scene.mask == 0).astype(np.float32), (0, 0), 1)[:, :, None]
    opaque = np.float32(opacity) * behind
    return Backdrop(opaque * scene.foreign(rng.random()), 1 - opaque)


def hidden(area: float, rng: np.random.Generator, scene: Scene) -> Block:
    """A block over `area` of the image, a share in 0..1, at a random place, of random filling.

    The block's area is the share of the image's to within half of the block's shorter side, in
    pixels. Raises as `Scene.foreign` does.
    """
    height, width, _ = scene.shape
    top_share, left_share, filling, who, down, across = rng.random(6).tolist()
    tall, wide = _block_size(area, height, width)
    top, left = int(top_share * (height - tall + 1)), int(left_share * (width - wide + 1))
    match FILLS[int(filling * len(FILLS))]:
        case "noise":
            filling_of_all = rng.integers(0, 256, scene.shape, dtype=np.uint8)
        case "foreign":
            # Repeated, a piece is a texture; a whole region of another object would be that object.
            piece = _foreign_piece(scene, who, down, across)
            filling_of_all = _repeated(piece, top + tall, left + wide)
        case _:
            return Block(top, left, tall, wide, None)
    # Cut from a filling of the whole picture: a larger block shows the same, and more of it.
    pixels = filling_of_all[top : top + tall, left : left + wide]
    return Block(top, left, tall, wide, pixels)


def _foreign_piece(scene: Scene, who: float, down: float, across: float) -> np.ndarray:
    """A quarter of each side large, from the middle of an image of another class.

    who, down, across: uniform in 0..1, what image and where in it.
    """
    height, width, _ = scene.shape
    tall, wide = _patch_size(height, width)
    top = height // 4 + int(down * (height // 2 - tall + 1))
    left = width // 4 + int(across * (width // 2 - wide + 1))
    return scene.foreign(who)[top : top + tall, left : left + wide]


def _repeated(piece: np.ndarray, height: int, width: int) -> np.ndarray:
    """A piece, h x w x C, side by side with itself: height x width x C."""
    down, across = max(0, height - piece.shape[0]), max(0, width - piece.shape[1])
    wall = cv2.copyMakeBorder(piece, 0, down, 0, across, cv2.BORDER_WRAP)
    return wall[:height, :width].reshape(height, width, piece.shape[2])


def _block_size(area: float, height: int, width: int) -> tuple[int, int]:
    """Height and width in pixels of a block over `area` of an image: a square where it fits.

    The shorter side is rounded first, so that the longer one can make up for it.
    """
    pixels = area * height * width
    tall = min(max(math.sqrt(pixels), pixels / width), height)
    wide = pixels / tall
    if tall <= wide:
        shorter = max(round(tall), math.ceil(pixels / width))
        return shorter, round(pixels / shorter)
    shorter = max(round(wide), math.ceil(pixels / height))
    return round(pixels / shorter), shorter


def _patch_size(height: int, width: int) -> tuple[int, int]:
    return max(1, height // _PATCH), max(1, width // _PATCH)


@lru_cache(maxsize=64)
def _places_around(height: int, width: int) -> list[tuple[int, int]]:
    """Every top left corner at which a patch lies in the image and outside the central ellipse."""
    tall, wide = _patch_size(height, width)
    down = _gap(np.arange(height - tall + 1), tall, height)
    across = _gap(np.arange(width - wide + 1), wide, width)
    outside = np.add.outer(down**2, across**2) >= 1
    if not outside.any():  # so small an image is all middle
        outside[:: max(1, height - tall), :: max(1, width - wide)] = True  # its corners
    return [(int(top), int(left)) for top, left in np.argwhere(outside)]


def _gap(starts: np.ndarray, length: int, side: int) -> np.ndarray:
    """How far from the middle of a side a stretch of pixels ends, against the zone's half size."""
    middle = side / 2
    gap = np.maximum(starts - middle, middle - (starts + length))
    return np.maximum(gap, 0) / (_ZONE * side / 2)


@lru_cache(maxsize=64)
def _feathers(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """How opaque a patch is at each of its pixels, float32, h x w, and what is left to 1."""
    opaque = np.outer(_ramp(height), _ramp(width)).astype(np.float32)
    return opaque, 1 - opaque


def _ramp(length: int) -> np.ndarray:
    fade = length // _FEATHER  # a few pixels have hard edges: soft ones would be all that they are
    from_edge = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    return np.minimum(from_edge / (fade + 1), 1)
