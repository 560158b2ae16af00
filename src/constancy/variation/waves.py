"""Random smooth fields, made from few waves instead of from smoothed pixels.

Gaussian-smoothed white noise (Simard, Steinkraus and Platt 2003, "Best practices for convolutional
neural networks applied to visual document analysis") whose picture is mirrored at its borders is a
sum of cosine waves with independent normal weights, each damped by exp(-(sigma omega)^2 / 2).
Beyond the tenth wave of a side nothing is left, so a field takes two small matrix products, and the
same draw gives the same field at every resolution.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SMOOTHING = 0.12
"""Standard deviation of the smoothing, against the shorter side."""

_WAVES = 10  # for each length of the shorter side; the next would be damped to 0.1 %
_LEAST_DETERMINANT = 0.05
_STRIP = 2**12  # cells, looked at together: what is computed of them stays in the cache
_PATTERN_WAVES = 4  # of each side, the constant one included


def draw_smooth_field(
    rms: float, strongest: float, rng: np.random.Generator, height: int, width: int
) -> np.ndarray:
    """A random smooth displacement field, float32, H x W x 2 as (x, y), in pixels.

    rms: root mean square length of the displacements in pixels, met exactly; strongest: the largest
    that will be asked for, at most a fifth of the shorter side. Their mean is zero: a shift of the
    whole is no deformation.

    The map p + field(p), bilinear between pixels, does not fold, not even at the strongest, so that
    all have one shape: where the determinant of its Jacobian would fall below 0.05 there, the field
    is smoothed again. That ends: when only the longest waves are left, the slopes of a cell are at
    most pi sqrt(2) strongest / side < 0.89, and no determinant is below 1 - 0.89.
    """
    basis = _basis(height, width)
    weights = rng.standard_normal((len(basis.damping), 2, basis.damping.shape[2]))
    while True:
        weights *= basis.damping
        # The waves are orthonormal, so the field's mean square is the sum of their squared weights.
        weights *= strongest / (math.sqrt(np.vdot(weights, weights)) or 1.0)  # a pixel has no waves
        side_by_side = weights.astype(np.float32).reshape(len(weights), -1)
        field = (basis.rows @ side_by_side @ basis.columns).reshape(height, width, 2)
        if _least_determinant(field) >= _LEAST_DETERMINANT:
            break
    field *= rms / strongest
    return field


def draw_smooth_values(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random smooth pattern: float32, H x W, of mean 0 and mean square 1.

    The sum of the longest cosine waves, with independent normal weights.
    """
    rows, columns = _pattern_basis(height), _pattern_basis(width)
    weights = rng.standard_normal((rows.shape[1], columns.shape[1]))
    weights[0, 0] = 0
    length = math.sqrt(np.vdot(weights, weights))
    pattern: np.ndarray = (rows @ (weights / (length or 1.0)) @ columns.T).astype(np.float32)
    return pattern


@lru_cache(maxsize=64)
def _pattern_basis(length: int) -> np.ndarray:
    return _waves(np.arange(min(length, _PATTERN_WAVES)), np.arange(length), length)


@dataclass(frozen=True, eq=False)
class _Basis:
    """Cosine waves on the pixels of one size of image.

    rows: float32, H x down; columns: float32, (2, across) x (W, 2), once for x and once for y, so that
    a product gives x and y side by side; damping: down x 1 x across.
    """

    rows: np.ndarray
    columns: np.ndarray
    damping: np.ndarray


@lru_cache(maxsize=64)
def _basis(height: int, width: int) -> _Basis:
    side = min(height, width)
    down = np.arange(min(height, math.ceil(_WAVES * height / side)))
    across = np.arange(min(width, math.ceil(_WAVES * width / side)))
    squared_frequencies = np.add.outer((np.pi * down / height) ** 2, (np.pi * across / width) ** 2)
    damping = np.exp(-((SMOOTHING * side) ** 2) / 2 * squared_frequencies)
    damping[0, 0] = 0
    side_by_side = np.kron(_waves(across, np.arange(width), width).T, np.eye(2))
    return _Basis(
        rows=_waves(down, np.arange(height), height).astype(np.float32),
        columns=np.concatenate([side_by_side[::2], side_by_side[1::2]]).astype(np.float32),
        damping=damping[:, None, :],
    )


def _least_determinant(field: np.ndarray) -> float:
    """The smallest determinant of the Jacobian of p + field(p), bilinear between pixels.

    In a cell of four pixels it changes linearly from corner to corner. At a corner it is the cross
    product of the two edges that meet there: with x + iy for (x, y), Im(conj(right) down).
    """
    places = field.view(np.complex64)[..., 0]
    rows = max(_STRIP // places.shape[1], 1)
    least = math.inf
    for top in range(0, len(places) - 1, rows):
        strip = places[top : top + rows + 1]
        right = strip[:, 1:] - strip[:, :-1]
        right += 1
        down = strip[1:] - strip[:-1]
        down += 1j
        corners = _neighbours(right.conj(), 0)[:, None] * _neighbours(down, 1)
        least = min(least, float(corners.imag.min(initial=math.inf)))
    return least


def _neighbours(edges: np.ndarray, axis: int) -> np.ndarray:
    """Each two neighbours along an axis of a whole array, as a view: 2 x ... and one less there.

    NumPy's own sliding windows take longer than all that is done with them here.
    """
    shape = [2, *edges.shape]
    shape[1 + axis] -= 1
    strides = (edges.strides[axis], *edges.strides)
    return np.ndarray(shape, edges.dtype, edges, strides=strides)


def _waves(numbers: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The orthonormal cosine waves of a side, those of the DCT-II: places x numbers."""
    phase = np.pi * np.outer(places + 0.5, numbers) / length
    return np.where(numbers == 0, 1.0, math.sqrt(2)) * np.cos(phase)
