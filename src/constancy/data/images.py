"""One image: from the bytes of a file, or from an array, to the form that the network sees."""

import io
import warnings

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from constancy.settings.data import Image

MAX_PIXELS = 64_000_000
"""Images with more pixels than this are refused unread: a small file can unfold to gigabytes."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")


class UnreadableImageError(Exception):
    """Bytes or an array that cannot be made into an image; the message says why."""


def read_image(data: bytes, image: Image) -> np.ndarray:
    """The image in a file's bytes, turned upright, in the form of `prepare_image`.

    Raises UnreadableImageError.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of oddities in files that it reads well; those are no user's concern.
            warnings.simplefilter("ignore")
            picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
            _check_pixels(picture.width, picture.height)
            # A JPEG can be decoded at a fraction of its size, which saves most of the work.
            picture.draft("L" if image.color == "grey" else "RGB", (2 * image.size, 2 * image.size))
            return _fit(ImageOps.exif_transpose(picture), image)
    except (UnreadableImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image of a known format") from None
    except Exception as error:  # Pillow's decoders raise almost anything on broken bytes
        raise UnreadableImageError(str(error) or type(error).__name__) from None


def prepare_image(pixels: np.ndarray, image: Image) -> np.ndarray:
    """An array as the network sees it: uint8, size x size x channels.

    pixels: uint8, H x W (grey), H x W x 1, H x W x 3 (RGB) or H x W x 4 (RGBA).
    Raises UnreadableImageError for another shape or dtype.
    """
    if pixels.dtype != np.uint8:
        raise UnreadableImageError(f"pixels must be uint8, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if (
        not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4)))
        or 0 in pixels.shape
    ):
        raise UnreadableImageError(
            f"pixels must be H x W, or H x W x 1, 3 or 4, not {pixels.shape}"
        )
    _check_pixels(pixels.shape[1], pixels.shape[0])
    return _fit(Pillow.fromarray(pixels), image)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImageError(f"more than {MAX_PIXELS:,} pixels")


def _fit(picture: Pillow.Image, image: Image) -> np.ndarray:
    picture = _flatten(picture)
    picture = picture.convert("L" if image.color == "grey" else "RGB")
    side = (image.size, image.size)
    if picture.size != side:
        match image.fit:
            case "stretch":
                picture = picture.resize(side, Pillow.Resampling.BICUBIC)
            case "crop":
                picture = ImageOps.fit(picture, side, Pillow.Resampling.BICUBIC)
            case "pad":
                picture = _pad(picture, image.size)
    return np.asarray(picture).reshape(image.shape)


def _flatten(picture: Pillow.Image) -> Pillow.Image:
    """Without transparency (on white) and with 8 bits a channel."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        deep = np.asarray(picture).astype(np.float64)
        return Pillow.fromarray((deep / 65535 * 255).round().clip(0, 255).astype(np.uint8))
    if picture.mode == "F":
        raise UnreadableImageError("pixels are floating-point numbers without a stated range")
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", rgba.size, "white"), rgba)
    return picture


def _pad(picture: Pillow.Image, size: int) -> Pillow.Image:
    """Scaled to fit inside the square, on a border in the median colour of the picture's edge.

    A border of the background's own colour tells the network less than a black one would.
    """
    scale = size / max(picture.size)
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    pixels = np.asarray(picture.resize(inner, Pillow.Resampling.BICUBIC))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    square = np.empty((size, size, *pixels.shape[2:]), np.uint8)
    square[...] = np.median(edge, axis=0).astype(np.uint8)
    top, left = (size - inner[1]) // 2, (size - inner[0]) // 2
    square[top : top + inner[1], left : left + inner[0]] = pixels
    return Pillow.fromarray(square)
