"""Random smooth displacement fields, made from few waves instead of from smoothed pixels.

Gaussian-smoothed white noise (Simard, Steinkraus and Platt 2003, "Best practices for convolutional
neural networks applied to visual document analysis") whose picture is mirrored at its borders is a
sum of cosine waves with independent normal weights, each damped by exp(-(sigma omega)^2 / 2).
Beyond the tenth wave of a side nothing is left, so a field takes two small matrix products, its
slopes are known exactly, and the same draw gives the same field at every resolution.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SMOOTHING = 0.12
"""Standard deviation of the smoothing, against the shorter side."""

_WAVES = 10  # for each length of the shorter side; the next would be damped to 0.1 %
_DENSITY = 2  # for each wave, so many places at which slopes are checked
_LEAST_DETERMINANT = 0.05


def draw_smooth_field(rms: float, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random smooth displacement field, float32, H x W x 2 as (x, y), in pixels.

    rms: root mean square length of the displacements in pixels, met exactly; at most a fifth of the
    shorter side. Their mean is zero: a shift of the whole is no deformation.

    The map p + field(p) does not fold: where the determinant of its Jacobian would fall below
    0.05 (on a lattice fine enough for all waves), the field is smoothed again. That ends: when only
    the longest waves are left, slopes are at most pi sqrt(2) rms / side < 0.89.
    """
    basis = _basis(height, width)
    weights = rng.standard_normal((basis.rows.shape[1], 2, basis.columns.shape[0]))
    while True:
        weights *= basis.damping
        # The waves are orthonormal, so the field's mean square is the sum of their squared weights.
        weights *= rms / math.sqrt(np.vdot(weights, weights))
        if _least_determinant(weights, basis) >= _LEAST_DETERMINANT:
            break
    field = _sum_waves(basis.rows, weights, basis.columns)
    return field.transpose(0, 2, 1).astype(np.float32, order="C")


@dataclass(frozen=True, eq=False)
class _Basis:
    """Cosine waves on the pixels of one size of image, and on a coarse lattice.

    rows: H x down; columns: across x W; lattice_rows: the waves at twice as many places, then
    their slopes there, 4 down x down; lattice_columns: across x 4 across, likewise;
    damping: down x 1 x across.
    """

    rows: np.ndarray
    columns: np.ndarray
    lattice_rows: np.ndarray
    lattice_columns: np.ndarray
    damping: np.ndarray


@lru_cache(maxsize=64)
def _basis(height: int, width: int) -> _Basis:
    side = min(height, width)
    down = np.arange(min(height, math.ceil(_WAVES * height / side)))
    across = np.arange(min(width, math.ceil(_WAVES * width / side)))
    squared_frequencies = np.add.outer((np.pi * down / height) ** 2, (np.pi * across / width) ** 2)
    damping = np.exp(-((SMOOTHING * side) ** 2) / 2 * squared_frequencies)
    damping[0, 0] = 0
    return _Basis(
        rows=_waves(down, np.arange(height), height),
        columns=_waves(across, np.arange(width), width).T,
        lattice_rows=_waves_and_slopes(down, height),
        lattice_columns=_waves_and_slopes(across, width).T,
        damping=damping[:, None, :],
    )


def _sum_waves(rows: np.ndarray, weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The two fields of `weights`, down x 2 x across, at places: rows x 2 x columns."""
    down, fields, across = weights.shape
    half = (rows @ weights.reshape(down, fields * across)).reshape(-1, across)
    return (half @ columns).reshape(len(rows), fields, -1)


def _least_determinant(weights: np.ndarray, basis: _Basis) -> float:
    """The smallest determinant of the Jacobian of p + field(p) on the lattice."""
    sums = _sum_waves(basis.lattice_rows, weights, basis.lattice_columns)
    half, across = len(sums) // 2, sums.shape[2] // 2
    by_x, by_y = sums[:half, :, across:], sums[half:, :, :across]
    stretched = (1 + by_x[:, 0]) * (1 + by_y[:, 1])
    return float((stretched - by_x[:, 1] * by_y[:, 0]).min())


def _waves(numbers: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The orthonormal cosine waves of a side, those of the DCT-II: places x numbers."""
    phase = np.pi * np.outer(places + 0.5, numbers) / length
    return np.where(numbers == 0, 1.0, math.sqrt(2)) * np.cos(phase)


def _waves_and_slopes(numbers: np.ndarray, length: int) -> np.ndarray:
    """The waves at the places of the lattice, and below them their slopes, in units of a pixel."""
    places = np.linspace(0, length - 1, _DENSITY * len(numbers))
    frequencies = np.pi * numbers / length
    slopes = -math.sqrt(2) * frequencies * np.sin(np.outer(places + 0.5, frequencies))
    return np.concatenate([_waves(numbers, places, length), slopes])
