"""Light in a view: exposure, and a lamp that stands aside."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from constancy.variation.geometry import pixel_grid

DISPLAY_GAMMA = 2.2
"""Pixel values are about the 1 / 2.2-th power of the light that they stand for (IEC 61966-2-1)."""

_LEVELS = np.arange(256, dtype=np.float32) / 255


@dataclass(frozen=True, eq=False)
class Light:
    """What the light does to an image: a new value for each value, then a share for each place.

    exposure: float32, 256 new values in 0..255; shading: float32, H x W, in 0..1, on pixel values.
    """

    exposure: np.ndarray
    shading: np.ndarray

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The image, uint8, H x W x C, in this light: a new array."""
        channels = image.shape[2]
        exposed = cv2.LUT(image, self.exposure)
        shading = self.shading if channels == 1 else cv2.merge([self.shading] * channels)
        return cv2.multiply(exposed, shading, dtype=cv2.CV_8U).reshape(image.shape)


def lit(gamma: float, shade: float, toward: float, height: int, width: int) -> Light:
    """An exposure, and a lamp whose light fades in one direction.

    gamma: the power to which pixel values in 0..1 are raised: above 1 darker, below 1 lighter.
    shade: the share of the light that is lost at the far side; toward: the direction in the picture
    in which the light fades, radians from the x axis to the y axis.

    Light adds up and is lost in proportion, but pixel values v are gamma-coded: the light is
    L = v^2.2, and m L is the pixel value m^(1/2.2) v. With t the place along the direction, from 0
    at the lit end of the picture to 1 at the other,
        v' = v^gamma m^(1/2.2),   m = 1 - shade (3 t^2 - 2 t^3),
    a falloff without edges at either end, as of a broad lamp.
    """
    exposure = 255 * _LEVELS ** np.float32(gamma)
    x, y = math.cos(toward), math.sin(toward)
    reach = (abs(x) * (width - 1) + abs(y) * (height - 1)) or 1.0
    middle = 0.5 - (x * (width - 1) + y * (height - 1)) / (2 * reach)
    place = cv2.transform(pixel_grid(height, width), np.array([[x / reach, y / reach, middle]]))
    lost = np.float32(shade) * place * place * (3 - 2 * place)
    # Rounding may lose a little more light than there is.
    return Light(exposure, np.maximum(1 - lost, 0) ** np.float32(1 / DISPLAY_GAMMA))
