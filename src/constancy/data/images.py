"""One image: from the bytes of a file, or from an array, to the form that the network sees."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, ImageOps, UnidentifiedImageError
from PIL import Image as Pillow
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from constancy.data.plain_png import decode_plain_png, plain_png_size
from constancy.settings.data import Image

MAX_PIXELS = 64_000_000
"""Images with more pixels than this are refused unread: a small file can unfold to gigabytes."""

MAX_SIDE = 65_535
"""Longest side in pixels: what JPEG allows. Resampling takes memory in proportion to it."""

MAX_TILE_PIXELS = 2**24
"""In one tile of a TIFF, if that is more than in the whole image: tiles are decoded whole."""

MAX_SCANS = 100
"""In a progressive JPEG. Each is some bytes in the file and one pass over all of its pixels."""

_STRIP_PIXELS = 2**20
"""Large images are converted in strips of so many pixels, which keeps memory near theirs alone."""

_START_OF_SCAN = b"\xff\xda"

_GREY_MODES = frozenset(["1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"])

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")


class UnreadableImageError(Exception):
    """Bytes or an array that cannot be made into an image; the message says why."""


# Pillow warns of oddities in files that it reads well; those are no user's concern.
warnings.filterwarnings("ignore", module=r"PIL\.")

_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""What makes an image upright that bears this number as its EXIF orientation."""

_ORIENTED = frozenset(["exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"])
"""Where, in what Pillow knows of a file, the camera may have noted how it was held."""


class DecodedImage(NamedTuple):
    """An image file read.

    pixels: uint8, size x size x channels; width, height: of the file's image turned upright, in
    pixels; format: of FORMATS, whatever the file's name ends in.
    """

    pixels: np.ndarray
    width: int
    height: int
    format: str


def read_image(data: bytes, image: Image) -> np.ndarray:
    """The image in a file's bytes, turned upright, in the form of `prepare_image`.

    Raises UnreadableImageError.
    """
    return decode_image(data, image).pixels


def decode_image(data: bytes, image: Image) -> DecodedImage:
    """The image of `read_image`, and what the file was. Raises UnreadableImageError."""
    return _read(data, image, _fit)


def read_whole_image(data: bytes, side: int) -> np.ndarray:
    """The image in a file's bytes, turned upright, in its own shape: uint8, H x W x 1 or 3 (RGB).

    side: in pixels, 8 to 1024; a longer one is shrunk to it. Raises UnreadableImageError.
    """
    return _read(data, Image(size=side, color="rgb", fit="pad"), _whole).pixels


def _read(
    data: bytes, image: Image, form: Callable[[Pillow.Image, Image], np.ndarray]
) -> DecodedImage:
    """The image in the form that `form` gives to a picture."""
    with _broken_told():
        if size := plain_png_size(data):
            _check_pixels(*size)
            pixels = decode_plain_png(data)
            if pixels is not None:
                return DecodedImage(form(Pillow.fromarray(pixels), image), *size, "PNG")
        return _decode(data, image, form)


@contextmanager
def _broken_told() -> Iterator[None]:
    """Whatever Pillow raises on what it cannot read, as an UnreadableImageError."""
    try:
        yield
    except (UnreadableImageError, MemoryError):
        raise
    except Pillow.DecompressionBombError:
        raise UnreadableImageError(f"more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image of a known format") from None
    except Exception as error:  # Pillow's decoders raise almost anything on broken bytes
        raise UnreadableImageError(str(error) or type(error).__name__) from None


def _decode(
    data: bytes, image: Image, form: Callable[[Pillow.Image, Image], np.ndarray]
) -> DecodedImage:
    picture: Pillow.Image = Pillow.open(io.BytesIO(data), formats=FORMATS)
    width, height = picture.size
    _check_pixels(width, height)
    _check_parts(picture, data)
    # A JPEG can be decoded at a fraction of its size, which saves most of the work.
    picture.draft("L" if image.color == "grey" else "RGB", (2 * image.size, 2 * image.size))
    picture.load()
    # MPO: a JPEG with more pictures after it, as many telephones make them.
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)
    upright = _upright(picture)
    if upright.size != picture.size:
        width, height = height, width
    return DecodedImage(form(upright, image), width, height, kind)


def prepare_picture(picture: Pillow.Image, image: Image) -> np.ndarray:
    """A picture of Pillow's, of any mode, turned upright, in the form of `prepare_image`.

    Raises UnreadableImageError.
    """
    with _broken_told():
        _check_pixels(*picture.size)
        picture.load()
        return _fit(_upright(picture), image)


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
    if max(width, height) > MAX_SIDE:
        raise UnreadableImageError(f"a side of more than {MAX_SIDE:,} pixels")


def _check_parts(picture: Pillow.Image, data: bytes) -> None:
    """Refuse what takes far more memory or time than the number of pixels lets expect."""
    if isinstance(picture, TiffImageFile):
        sides = (picture.tag_v2.get(tag) for tag in (TILEWIDTH, TILELENGTH))
        tile = [side if isinstance(side, int) else 0 for side in sides]
        if tile[0] * tile[1] > max(MAX_TILE_PIXELS, picture.width * picture.height):
            raise UnreadableImageError(f"tiles of {tile[0]:,} x {tile[1]:,} pixels")
    if picture.info.get("progressive") and data.count(_START_OF_SCAN) > MAX_SCANS:
        raise UnreadableImageError(f"more than {MAX_SCANS} scans")


def _upright(picture: Pillow.Image) -> Pillow.Image:
    """As the camera was held, if it noted that; what cannot be read is no note."""
    # To look for the note costs as much as to decode a small image; Pillow has followed that of a
    # TIFF by now.
    if picture.format == "TIFF" or _ORIENTED.isdisjoint(picture.info):
        return picture
    try:
        turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises almost anything on broken bytes
        return picture
    return picture if turn is None else picture.transpose(turn)


def _whole(picture: Pillow.Image, image: Image) -> np.ndarray:
    mode = "L" if picture.mode in _GREY_MODES else "RGB"
    picture = _flatten(picture, mode)
    if max(picture.size) > image.size:
        picture = picture.convert(mode).resize(
            _inside(picture, image.size), Pillow.Resampling.BICUBIC
        )
    pixels = np.asarray(picture.convert(mode))
    return pixels.reshape(picture.height, picture.width, -1)


def _fit(picture: Pillow.Image, image: Image) -> np.ndarray:
    mode = "L" if image.color == "grey" else "RGB"
    picture = _flatten(picture, mode)
    if picture.mode != mode:
        picture = picture.convert(mode)
    side = (image.size, image.size)
    if picture.size != side:
        match image.fit:
            case "stretch":
                picture = picture.resize(side, Pillow.Resampling.BICUBIC)
            case "crop":
                picture = ImageOps.fit(picture, side, Pillow.Resampling.BICUBIC)
            case "pad":
                return _pad(picture, image)
    return np.asarray(picture).reshape(image.shape)


def _flatten(picture: Pillow.Image, mode: str) -> Pillow.Image:
    """Without transparency (on white) and with 8 bits a channel; a large picture also in `mode`."""
    if picture.mode == "F":
        raise UnreadableImageError("pixels are floating-point numbers without a stated range")
    deep = picture.mode.startswith("I;16") or picture.mode == "I"
    if not deep and not picture.has_transparency_data:
        return picture
    flatten = _eight_bits if deep else _on_white
    rows = max(1, _STRIP_PIXELS // picture.width)
    if rows >= picture.height:
        return flatten(picture)
    flat = Pillow.new(mode, picture.size)
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(top + rows, picture.height))
        flat.paste(flatten(picture.crop(box)).convert(mode), box)
    return flat


def _eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """65,535 becomes 255, and what is beyond it too."""
    deep = np.asarray(picture).astype(np.int32).clip(0, 65535)
    return Pillow.fromarray(((deep + 128) // 257).astype(np.uint8))


def _on_white(picture: Pillow.Image) -> Pillow.Image:
    rgba = picture.convert("RGBA")
    white = Pillow.new("RGBA", rgba.size, "white")
    return Pillow.alpha_composite(white, rgba).convert("RGB")


def _inside(picture: Pillow.Image, side: int) -> tuple[int, int]:
    """Width and height at which the picture just fits into a square."""
    scale = side / max(picture.size)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _pad(picture: Pillow.Image, image: Image) -> np.ndarray:
    """Scaled to fit inside the square, on a border in the median colour of the picture's edge.

    A border of the background's own colour tells the network less than a black one would.
    """
    inner = _inside(picture, image.size)
    resized = np.asarray(picture.resize(inner, Pillow.Resampling.BICUBIC))
    pixels = resized.reshape(inner[1], inner[0], image.channels)
    if inner == (image.size, image.size):
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    edge.sort(axis=0)
    middle = edge[len(edge) // 2 - 1 : len(edge) // 2 + 1].sum(axis=0, dtype=np.uint16) // 2
    square = np.empty(image.shape, np.uint8)
    square[...] = middle
    top, left = (image.size - inner[1]) // 2, (image.size - inner[0]) // 2
    square[top : top + inner[1], left : left + inner[0]] = pixels
    return square
