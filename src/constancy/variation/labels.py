"""Labels that follow the geometry: boxes and key points of albumentations, as a view shows them."""

import numpy as np
from albumentations.core.type_definitions import NUM_KEYPOINTS_COLUMNS_IN_ALBUMENTATIONS

from constancy.variation.view import View

_POINTS_A_SIDE = 9  # of the outline of a box
_ANGLE, _SIZE = 3, 4  # columns of albumentations' key points: x, y, z, angle, size


def moved_boxes(bboxes: np.ndarray, view: View, height: int, width: int) -> np.ndarray:
    """The boxes around what is seen of boxes, exact to parts of a pixel: float, N x 4 or more.

    bboxes: left, top, right and bottom in shares of the width and height, and any more columns,
    which stay. Of each box, the corners and points along its edges are moved: lines need not stay
    straight.
    """
    moved = bboxes.astype(np.result_type(bboxes, np.float32))
    if len(bboxes):
        sides = np.array([width, height], np.float64)
        corners = bboxes[:, :4].reshape(-1, 2, 2) * sides - 0.5  # edges of pixels to their centres
        start, end = corners[:, None, 0], corners[:, None, 1]
        points = start + (end - start) * _outline()
        seen = view.targets(points.reshape(-1, 2).astype(np.float32)).reshape(points.shape)
        bounds = np.stack([seen.min(axis=1), seen.max(axis=1)], axis=1)
        moved[:, :4] = ((bounds + 0.5) / sides).reshape(-1, 4)
    return moved


def _outline() -> np.ndarray:
    """Points on the edges of the square from 0 to 1, its corners among them: float64, N x 2."""
    along = np.linspace(0, 1, _POINTS_A_SIDE)
    zero, one = np.zeros_like(along), np.ones_like(along)
    x = np.concatenate([along, along, zero, one])
    y = np.concatenate([zero, one, along, along])
    return np.stack([x, y], axis=1)


def moved_points(keypoints: np.ndarray, view: View) -> np.ndarray:
    """Key points to where they are seen, exact, unlike by an inverted map: float, N x 2 or more.

    keypoints: x, y, and where there are five columns or more z, the angle in radians and the size.
    Angle and size follow what the view does around the point. Other columns stay.
    """
    moved = keypoints.astype(np.result_type(keypoints, np.float32))
    if not len(keypoints):
        return moved
    points = keypoints[:, :2].astype(np.float32)
    moved[:, :2] = view.targets(points)
    if keypoints.shape[1] >= NUM_KEYPOINTS_COLUMNS_IN_ALBUMENTATIONS:
        around = _jacobians(view, points)
        angle = keypoints[:, _ANGLE].astype(np.float64)
        # As in albumentations' Affine, angles grow anticlockwise, while y grows downward.
        direction = np.stack([np.cos(angle), -np.sin(angle)], axis=-1)
        x, y = np.moveaxis((around @ direction[:, :, None])[:, :, 0], -1, 0)
        moved[:, _ANGLE] = np.arctan2(-y, x) % (2 * np.pi)
        moved[:, _ANGLE] %= moved.dtype.type(2 * np.pi)  # to which it may have been rounded
        moved[:, _SIZE] *= np.sqrt(np.abs(np.linalg.det(around)))
    return moved


def _jacobians(view: View, points: np.ndarray) -> np.ndarray:
    """How the neighbourhood of points of the image is seen: float64, N x 2 x 2, d(seen) / d(point).

    points: float32, N x 2. From a pixel to each side: closer by, the rounding of the view's own
    interpolation would show.
    """
    steps = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)], np.float32)
    near = (points[:, None] + steps).reshape(-1, 2)
    right, left, below, above = np.moveaxis(
        view.targets(near).reshape(-1, 4, 2).astype(np.float64), 1, 0
    )
    return np.stack([right - left, below - above], axis=-1) / 2
