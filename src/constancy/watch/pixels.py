"""What is measured of the pixels of an image: one number for each image and measure."""

from functools import reduce

import cv2
import numpy as np

from constancy.variation.view import border_colors

LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue (ITU-R BT.709)
UNLIKE = 0.1  # a difference in 0..1 that counts: from the border's colour, or from pixel to pixel
EVEN = 0.02  # standard deviation in 0..1 below which a block is of one colour
BLOCKS = 8  # blocks on each side
WHITE = 0.95  # share of a quarter's pixels below what counts as its white
ZONE = 0.5  # the ellipse in the middle that is the object's, as for clutter: half of each side

_CHUNK_VALUES = 2**22  # of float32 at once: the steps between stay in tens of megabytes
_TINY = 1e-6  # keeps a blank image from a division by zero


def measure_pixels(images: np.ndarray) -> dict[str, np.ndarray]:
    """The measures of each image, by name: float64, N each.

    images: uint8, N x H x W x 1 or 3, of 8 pixels a side or more, which may be memory-mapped. With v the values in 0..1, L the
    luminance and e an image's largest difference from the colour of its border over the channels:

    - brightness: mean of L, 0..1; contrast: standard deviation of L, 0..0.5 (Peli 1990)
    - shade: 1 - darkest / brightest quarter of the image, 0..1, each by the 95th percentile of its L:
      what is whitest there tells of the light (after Land and McCann 1971)
    - warmth: mean of red - blue, -1..1; saturation: mean of max - min over the channels, 0..1; both
      of colour images alone
    - object: share of the image in the box around all pixels with e > 0.1; extent: root mean square
      distance of e^2 from its own middle, in sides; background: share of pixels with e <= 0.1
    - sharpness: variance of the Laplacian (Pech-Pacheco et al. 2000) over that of L, so that a
      flatter light is no blur
    - surround, centre: share of pixels with a gradient above 0.1, outside and inside the ellipse of
      half the sides in the middle; blocks: share of 8 x 8 blocks that are of one colour, but not
      the border's
    """
    size = max(1, _CHUNK_VALUES // max(1, int(np.prod(images.shape[1:]))))
    starts = range(0, len(images), size)
    parts = [_measure(np.asarray(images[start : start + size])) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measure(images: np.ndarray) -> dict[str, np.ndarray]:
    values = images.astype(np.float32) / 255
    colored = images.shape[3] == 3
    light = values @ np.array(LUMINANCE, np.float32) if colored else values[..., 0]
    border = border_colors(images)[:, None, None].astype(np.float32) / 255
    unlike = _across(np.maximum, np.abs(values - border))
    measures = {"brightness": light.mean((1, 2)), "contrast": light.std((1, 2))}
    measures["shade"] = _shade(light)
    if colored:
        measures["warmth"] = (values[..., 0] - values[..., 2]).mean((1, 2))
        measures["saturation"] = (_across(np.maximum, values) - _across(np.minimum, values)).mean(
            (1, 2)
        )
    measures |= _size(unlike) | {"sharpness": _sharpness(light)} | _edges(light)
    measures["blocks"] = _blocks(light, unlike)
    return {name: each.astype(np.float64) for name, each in measures.items()}


def _across(function: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Over the channels: for so short an axis many times as fast as the function's own reduction."""
    channels: np.ndarray = reduce(function, np.moveaxis(values, 3, 0))
    return channels


def _shade(light: np.ndarray) -> np.ndarray:
    y, x = (side // 2 for side in light.shape[1:])
    quarters = (light[:, :y, :x], light[:, :y, x:], light[:, y:, :x], light[:, y:, x:])
    white = np.stack(
        [np.quantile(each.reshape(len(light), -1), WHITE, axis=1) for each in quarters]
    )
    return 1 - (white.min(axis=0) + _TINY) / (white.max(axis=0) + _TINY)


def _size(unlike: np.ndarray) -> dict[str, np.ndarray]:
    seen = np.greater(unlike, UNLIKE)
    box = _stretch(seen.any(axis=2)) * _stretch(seen.any(axis=1))
    weight = unlike**2
    spread = _variance(weight.sum(axis=2)) + _variance(weight.sum(axis=1))
    return {"object": box, "extent": np.sqrt(spread), "background": 1 - seen.mean((1, 2))}


def _stretch(seen: np.ndarray) -> np.ndarray:
    """From the first to the last that is seen, as a share of the side. seen: bool, N x side."""
    length = seen.shape[1]
    return seen.any(axis=1) * (1 - (seen.argmax(axis=1) + seen[:, ::-1].argmax(axis=1)) / length)


def _variance(weights: np.ndarray) -> np.ndarray:
    """Of places along a side, in sides. weights: float32, N x side."""
    places = (np.arange(weights.shape[1]) + 0.5) / weights.shape[1]
    total = weights.sum(axis=1) + _TINY
    mean = weights @ places / total
    return np.maximum(weights @ places**2 / total - mean**2, 0)


def _sharpness(light: np.ndarray) -> np.ndarray:
    laplacian = np.stack([cv2.Laplacian(each, cv2.CV_32F) for each in light])
    return laplacian.var((1, 2)) / (light.var((1, 2)) + EVEN**2)


def _edges(light: np.ndarray) -> dict[str, np.ndarray]:
    down = light[:, 1:, :-1] - light[:, :-1, :-1]
    across = light[:, :-1, 1:] - light[:, :-1, :-1]
    edge = np.hypot(down, across) > UNLIKE
    y, x = (np.linspace(-1, 1, side + 2)[1:-1] / ZONE for side in edge.shape[1:])
    inside = np.add.outer(y**2, x**2) <= 1
    return {"surround": edge[:, ~inside].mean(axis=1), "centre": edge[:, inside].mean(axis=1)}


def _blocks(light: np.ndarray, unlike: np.ndarray) -> np.ndarray:
    count, *sides = light.shape
    tall, wide = (max(1, side // BLOCKS) for side in sides)
    rows, columns = sides[0] // tall, sides[1] // wide
    shape = (count, rows, tall, columns, wide)
    light, unlike = (
        each[:, : rows * tall, : columns * wide].reshape(shape) for each in (light, unlike)
    )
    even = light.std(axis=(2, 4)) < EVEN
    return (even & (unlike.min(axis=(2, 4)) > UNLIKE)).mean((1, 2))
