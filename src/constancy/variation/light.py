"""Light as it falls in the world: exposure, its colour, a lamp aside, and the camera that meters it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from constancy.variation.waves import smooth_patterns

DISPLAY_GAMMA = 2.2
"""Pixel values are about the 1 / 2.2-th power of the light that they stand for (IEC 61966-2-1)."""

DAYLIGHT = 6500.0
"""Kelvin: the light in which white is meant to look white (sRGB's white point, about)."""

_LEVELS = np.arange(256, dtype=np.float32) / 255
_LATTICE = 32  # places on the shorter side at which light is worked out, at the most: it is smooth
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue (ITU-R BT.709)
_XYZ_TO_RGB = (  # linear sRGB (IEC 61966-2-1)
    (3.2406, -1.5372, -0.4986),
    (-0.9689, 1.8758, 0.0415),
    (0.0557, -0.2040, 1.0570),
)


@dataclass(frozen=True, eq=False)
class Light:
    """What the light does to an image: a new value for each value, then a factor for each place.

    exposure: float32, 256, new values from 0 on; shading: float32, on pixel values, H x W for
    grey images and H x W x 3 for coloured ones. What comes to more than 255 is overexposed: 255.
    """

    exposure: np.ndarray
    shading: np.ndarray

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The image, uint8, H x W x C, in this light: a new array."""
        exposed = cv2.LUT(image, self.exposure)
        return cv2.multiply(exposed, self.shading, dtype=cv2.CV_8U).reshape(image.shape)


@dataclass(frozen=True)
class Lamp:
    """A lamp that stands aside, so that its light ends somewhere in the picture.

    toward: the direction in the picture in which the light ends, radians from the x axis to the y
    axis; place: where in that direction its end has its middle, 0 to 1 from one side of the picture
    to the other; width: how much of that way it takes; shade: the share of the light that is
    missing beyond.
    """

    toward: float
    place: float
    width: float
    shade: float


NO_LAMP = Lamp(toward=0.0, place=0.5, width=1.0, shade=0.0)


@dataclass(frozen=True, eq=False)
class Lighting:
    """Light on a picture of a shape, height x width x channels: drawn, but not yet worked out.

    gamma: the power to which pixel values in 0..1 are raised: above 1 darker, below 1 lighter.
    mired: by how much the light's colour is warmer than daylight, in 10^6 / kelvin; below 0 colder.
    uneven: root mean square unevenness of the light, in stops, in the smooth pattern of `weights`
    (see `waves.draw_pattern`). metered: how much of the light that lamp and pattern cost
    the camera makes up for by exposing longer, 0 to 1.
    """

    shape: tuple[int, int, int]
    weights: np.ndarray
    gamma: float = 1.0
    mired: float = 0.0
    lamp: Lamp = NO_LAMP
    uneven: float = 0.0
    metered: float = 0.0


def light_of_each(lightings: Sequence[Lighting]) -> list[Light]:
    """What all of them do, on pictures of one shape.

    Light adds up and is lost in proportion, but pixel values v are gamma-coded: the light is
    L = v^2.2, and m L is the pixel value m^(1/2.2) v. With t from 0 to 1 along the lamp's direction,
        v' = v^gamma (c m / mean(m)^metered)^(1/2.2),
        m = (1 - shade (3 s^2 - 2 s^3)) 2^(uneven F),   s = (t - place) / width + 1/2 within 0..1,
    F the pattern, of mean 0 and mean square 1, and c the light's colour (see `colour_of`).
    """
    if not lightings:
        return []
    exposures = [255 * _LEVELS ** np.float32(each.gamma) for each in lightings]
    shape = lightings[0].shape
    # Both sides by one scale, or directions would not be those of the picture.
    scale = min(1.0, _LATTICE / min(shape[:2]))
    height, width = (max(1, round(scale * side)) for side in shape[:2])
    light = _lamplight([each.lamp for each in lightings], height, width)
    pattern = smooth_patterns([each.weights for each in lightings], height, width)
    pattern *= _plane([each.uneven for each in lightings])
    light *= np.exp2(pattern, out=pattern)
    # Not by NumPy: its sums hang, in the last bit, on what is summed beside them.
    means = [cv2.mean(plane)[0] for plane in light]
    metered = zip(means, lightings, strict=True)
    light *= _plane([mean**-each.metered for mean, each in metered])
    np.maximum(light, 0, out=light)
    shadings = np.power(light, np.float32(1 / DISPLAY_GAMMA), out=light)
    if shape[2] == 3:
        colours = np.array([colour_of(each.mired) for each in lightings])
        tints = (colours ** (1 / DISPLAY_GAMMA)).astype(np.float32)
        shadings = shadings[..., None] * tints[:, None, None]
    if (height, width) != shape[:2]:
        size = (shape[1], shape[0])
        shadings = [cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in shadings]
    return [Light(*each) for each in zip(exposures, shadings, strict=True)]


def colour_of(mired: float) -> np.ndarray:
    """Red, green and blue light of a black body against daylight's: float64, 3, of luminance 1.

    mired: 10^6 / kelvin more than daylight has; the body's temperature is held within the formula's
    1667 to 25000 kelvin. The chromaticity is the cubic approximation of the Planckian locus by Kim
    et al. 2002 (US patent 7024034), and the light that of the same luminance in linear sRGB.
    """
    return _black_body(1e6 / (1e6 / DAYLIGHT + mired)) / _black_body(DAYLIGHT)


@lru_cache(maxsize=1024)
def _black_body(kelvin: float) -> np.ndarray:
    t = 1e3 / min(max(kelvin, 1667.0), 25000.0)
    if t > 1e3 / 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if t > 1e3 / 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t > 1e3 / 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    big_x, big_z = x / y, (1 - x - y) / y
    rgb = [max(0.0, by_x * big_x + by_y + by_z * big_z) for by_x, by_y, by_z in _XYZ_TO_RGB]
    luminance = sum(share * value for share, value in zip(_LUMINANCE, rgb, strict=True))
    return np.array(rgb) / luminance


def _lamplight(lamps: Sequence[Lamp], height: int, width: int) -> np.ndarray:
    """How much of each lamp's light falls on each place: float32, N x H x W, from 0 to 1."""
    starts, down, across = [], [], []
    for lamp in lamps:
        x, y = math.cos(lamp.toward), math.sin(lamp.toward)
        # Over the pixels' outer edges, so that the light does not hang on how many pixels there are.
        reach = (abs(x) * width + abs(y) * height) * lamp.width
        middle = 0.5 - (x * (width - 1) + y * (height - 1)) / (2 * reach)
        starts.append(middle + (0.5 - lamp.place) / lamp.width)
        down.append(y / reach)
        across.append(x / reach)
    rows = _plane(down) * _places(height)[:, None] + _plane(starts)
    s = rows + _plane(across) * _places(width)
    np.clip(s, 0, 1, out=s)
    light: np.ndarray = s * s
    s *= _plane([2 * lamp.shade for lamp in lamps])
    s -= _plane([3 * lamp.shade for lamp in lamps])
    light *= s
    light += 1  # 1 - shade (3 s^2 - 2 s^3)
    return light


def _plane(values: Sequence[float]) -> np.ndarray:
    """A number for each of N planes: float32, N x 1 x 1."""
    return np.array(values, np.float32)[:, None, None]


@lru_cache(maxsize=64)
def _places(length: int) -> np.ndarray:
    return np.arange(length, dtype=np.float32)
