"""Random smooth fields, made from few waves instead of from smoothed pixels.

Gaussian-smoothed white noise (Simard, Steinkraus and Platt 2003, "Best practices for convolutional
neural networks applied to visual document analysis") whose picture is mirrored at its borders is a
sum of cosine waves with independent normal weights, each damped by exp(-(sigma omega)^2 / 2).
Beyond the tenth wave of a side nothing is left, so a field takes two small matrix products, and the
same draw gives the same field at every resolution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SMOOTHING = 0.12
"""Standard deviation of the smoothing, against the shorter side."""

_WAVES = 10  # for each length of the shorter side; the next would be damped to 0.1 %
_LEAST_DETERMINANT = 0.05
_STRIP = 2**14  # cells, looked at together: what is computed of them stays in the cache
_PATTERN_WAVES = 4  # of each side, the constant one included


def draw_field(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random weight for each wave of a displacement field: float64, down x 2 x across."""
    down, _, across = _basis(height, width).damping.shape
    return rng.standard_normal((down, 2, across))


def smooth_fields(
    drawn: Sequence[np.ndarray],
    rms: Sequence[float],
    strongest: Sequence[float],
    height: int,
    width: int,
) -> np.ndarray:
    """The smooth displacement fields of N draws, float32, N x H x W x 2 as (x, y), in pixels.

    drawn: N of `draw_field`; rms: root mean square length of each one's displacements in pixels,
    met exactly; strongest: the largest that will be asked for of it, at most a fifth of the shorter
    side. Their mean is zero: a shift of the whole is no deformation.

    The map p + field(p), bilinear between pixels, does not fold, not even at the strongest, so that
    all have one shape: where the determinant of its Jacobian would fall below 0.05 there, the field
    is smoothed again. That ends: when only the longest waves are left, the slopes of a cell are at
    most pi sqrt(2) strongest / side < 0.89, and no determinant is below 1 - 0.89.
    """
    basis = _basis(height, width)
    fields = np.empty((len(drawn), height, width, 2), np.float32)
    weights, longest = np.stack(drawn), np.array(strongest)
    folded = np.arange(len(drawn))
    while len(folded):
        weights *= basis.damping
        # The waves are orthonormal, so a field's mean square is the sum of its squared weights.
        length = np.sqrt([np.vdot(each, each) for each in weights])
        weights *= _for_each(longest / np.where(length > 0, length, 1))  # a pixel has no waves
        side_by_side = weights.astype(np.float32).reshape(*weights.shape[:2], -1)
        found = (basis.rows @ side_by_side @ basis.columns).reshape(-1, height, width, 2)
        fields[folded] = found
        again = _least_determinants(found) < _LEAST_DETERMINANT
        folded, weights, longest = folded[again], weights[again], longest[again]
    fields *= _for_each(np.array(rms) / np.array(strongest)).astype(np.float32)
    return fields


def draw_pattern(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random weight for each of a pattern's few waves: float64, down x across."""
    return rng.standard_normal((min(height, _PATTERN_WAVES), min(width, _PATTERN_WAVES)))


def smooth_patterns(drawn: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """The smooth patterns of N draws of `draw_pattern`: float32, N x H x W, of mean 0 and mean square 1.

    Each is the sum of the longest cosine waves.
    """
    weights = np.stack(drawn)
    weights[:, 0, 0] = 0
    length = np.sqrt([np.vdot(each, each) for each in weights])
    weights /= np.where(length > 0, length, 1)[:, None, None]
    down, across = weights.shape[1:]
    rows, columns = _pattern_basis(down, height), _pattern_basis(across, width)
    patterns: np.ndarray = (rows @ weights @ columns.T).astype(np.float32)
    return patterns


@lru_cache(maxsize=64)
def _pattern_basis(waves: int, length: int) -> np.ndarray:
    return _waves(np.arange(waves), np.arange(length), length)


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


def _least_determinants(fields: np.ndarray) -> np.ndarray:
    """The smallest determinant of the Jacobian of each p + field(p), bilinear between pixels: N.

    fields: float32, N x H x W x 2. In a cell of four pixels the determinant changes linearly from
    corner to corner. At a corner it is the cross product of the two edges that meet there: with
    x + iy for (x, y), Im(conj(right) down).

    Pixels lie in one line here, row after row and field after field, and edges are differences along
    it, written where the last ones were: far faster than new windows of small arrays. What is found
    where a row goes on in the next one means nothing, and is left out of the minimum.
    """
    count, height, width, _ = fields.shape
    least = np.full(count, np.inf, np.float32)
    together = max(1, _STRIP // (height * width))
    step = together * height if together > 1 else max(1, _STRIP // width)
    work = np.empty((3, (step + 1) * width), np.complex64)
    for first in range(0, count, together):
        of_these = least[first : first + together]
        rows = fields[first : first + together].reshape(-1, width, 2)
        for top in range(0, len(rows) - 1, step):
            places = rows[top : top + step + 1].view(np.complex64).ravel()
            size = len(places)
            right, down, cross = work[0, : size - 1], work[1, : size - width], work[2, :size]
            np.subtract(places[1:], places[:-1], out=right)
            np.conjugate(right, out=right)
            right += 1
            np.subtract(places[width:], places[:-width], out=down)
            down += 1j
            cells = cross.reshape(len(of_these), -1, width)[:, :-1, :-1].imag
            inner = size - width - 1  # in one line, from the first cell to the last
            for edge in (right[:inner], right[width:]):
                for other in (down[:inner], down[1:]):
                    np.multiply(edge, other, out=cross[:inner])
                    smallest = cells.min(axis=(1, 2), initial=np.inf)
                    np.minimum(of_these, smallest, out=of_these)
    return least


def _for_each(values: np.ndarray) -> np.ndarray:
    """A number for each of N arrays of three dimensions, so that it can be multiplied with them."""
    return values[:, None, None, None]


def _waves(numbers: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """The orthonormal cosine waves of a side, those of the DCT-II: places x numbers."""
    phase = np.pi * np.outer(places + 0.5, numbers) / length
    return np.where(numbers == 0, 1.0, math.sqrt(2)) * np.cos(phase)
