"""Random smooth fields, made from few waves instead of from smoothed pixels.

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
_PATTERN_WAVES = 4  # of each side, the constant one included


def draw_smooth_field(
    rms: float, strongest: float, rng: np.random.Generator, height: int, width: int
) -> np.ndarray:
    """A random smooth displacement field, float32, H x W x 2 as (x, y), in pixels.

    rms: root mean square length of the displacements in pixels, met exactly; strongest: the largest
    that will be asked for, at most a fifth of the shorter side. Their mean is zero: a shift of the
    whole is no deformation.

    The map p + field(p) does not fold, not even at the strongest, so that all have one shape: where
    the determinant of its Jacobian would fall below 0.05 there (on a lattice fine enough for all
    waves), the field is smoothed again. That ends: when only the longest waves are left, slopes are
    at most pi sqrt(2) strongest / side < 0.89.
    """
    basis = _basis(height, width)
    weights = rng.standard_normal((len(basis.damping), 2, basis.damping.shape[2]))
    while True:
        weights *= basis.damping
        # The waves are orthonormal, so the field's mean square is the sum of their squared weights.
        weights *= strongest / (math.sqrt(np.vdot(weights, weights)) or 1.0)  # a pixel has no waves
        if _least_determinant(weights, basis) >= _LEAST_DETERMINANT:
            break
    field = _sum_waves(basis.rows, rms / strongest * weights, basis.columns)
    return field.astype(np.float32).reshape(height, width, 2)


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
    """Cosine waves on the pixels of one size of image, and on a coarse lattice.

    rows: H x down; columns: (2, across) x (W, 2), once for x and once for y, so that a product
    gives x and y side by side; damping: down x 1 x across.
    The waves at twice as many places, and their slopes there: lattice_rows, row_slopes,
    2 down x down; lattice_columns, column_slopes, (2, across) x (2, 2 across): all x, then all y.
    """

    rows: np.ndarray
    columns: np.ndarray
    lattice_rows: np.ndarray
    row_slopes: np.ndarray
    lattice_columns: np.ndarray
    column_slopes: np.ndarray
    damping: np.ndarray


@lru_cache(maxsize=64)
def _basis(height: int, width: int) -> _Basis:
    side = min(height, width)
    down = np.arange(min(height, math.ceil(_WAVES * height / side)))
    across = np.arange(min(width, math.ceil(_WAVES * width / side)))
    squared_frequencies = np.add.outer((np.pi * down / height) ** 2, (np.pi * across / width) ** 2)
    damping = np.exp(-((SMOOTHING * side) ** 2) / 2 * squared_frequencies)
    damping[0, 0] = 0
    lattice_rows, row_slopes = _waves_and_slopes(down, height)
    lattice_columns, column_slopes = _waves_and_slopes(across, width)
    side_by_side = np.kron(_waves(across, np.arange(width), width).T, np.eye(2))
    return _Basis(
        rows=_waves(down, np.arange(height), height),
        columns=np.concatenate([side_by_side[::2], side_by_side[1::2]]),
        lattice_rows=lattice_rows,
        row_slopes=row_slopes,
        lattice_columns=np.kron(np.eye(2), lattice_columns.T),
        column_slopes=np.kron(np.eye(2), column_slopes.T),
        damping=damping[:, None, :],
    )


def _sum_waves(rows: np.ndarray, weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The two fields of `weights`, down x 2 x across, at places: one row for each of `rows`."""
    field: np.ndarray = rows @ weights.reshape(len(weights), -1) @ columns
    return field


def _least_determinant(weights: np.ndarray, basis: _Basis) -> float:
    """The smallest determinant of the Jacobian of p + field(p) on the lattice."""
    by_x = _sum_waves(basis.lattice_rows, weights, basis.column_slopes)
    by_y = _sum_waves(basis.row_slopes, weights, basis.lattice_columns)
    half = by_x.shape[1] // 2
    stretched = (1 + by_x[:, :half]) * (1 + by_y[:, half:])
    return float((stretched - by_x[:, half:] * by_y[:, :half]).min())


def _waves(numbers: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The orthonormal cosine waves of a side, those of the DCT-II: places x numbers."""
    phase = np.pi * np.outer(places + 0.5, numbers) / length
    return np.where(numbers == 0, 1.0, math.sqrt(2)) * np.cos(phase)


def _waves_and_slopes(numbers: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """The waves at the places of the lattice, and their slopes there, in units of a pixel."""
    places = np.linspace(0, length - 1, _DENSITY * len(numbers))
    frequencies = np.pi * numbers / length
    slopes = -math.sqrt(2) * frequencies * np.sin(np.outer(places + 0.5, frequencies))
    return _waves(numbers, places, length), slopes
