"""The factors as albumentations transforms, to stand in any `A.Compose`.

Masks, boxes and key points follow the geometry. Every transform draws from its own generator, which
`set_random_seed` (or that of `A.Compose`) seeds. Images are uint8, H x W, H x W x 1 or H x W x 3.

severity: a number from 0 to 5, or a pair between which it is drawn; strengths: what each severity
means, in the units of the factor's section in `constancy.settings.variation`, such as
`params["variation"]["strengths"]["scale"]`. Raises ValueError for another severity, for strengths
that the section refuses (pydantic's ValidationError), and for other images than these.
"""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import cv2
import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network when it is imported

from albumentations.augmentations.geometric.distortion import BaseDistortion
from albumentations.core.transforms_interface import BasicTransform, ImageOnlyTransform
from albumentations.core.type_definitions import NUM_KEYPOINTS_COLUMNS_IN_ALBUMENTATIONS

from constancy.settings import variation as sections
from constancy.settings.base import Section
from constancy.variation.factors import FACTORS, MAX_SEVERITY
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors, resample

_POINTS_A_SIDE = 9  # of the outline of a box
_ANGLE, _SIZE = 3, 4  # columns of albumentations' key points: x, y, z, angle, size


class _FactorTransform(BasicTransform):
    """What all six have in common: a factor's name, a range of severities and its strengths."""

    factor: ClassVar[str]
    section: ClassVar[type[Section]]
    severity: tuple[float, float]
    strengths: Any

    def _set_up(
        self, severity: float | tuple[float, float], strengths: Section | Mapping[str, Any]
    ) -> None:
        ends = tuple(severity) if isinstance(severity, tuple | list) else (severity, severity)
        low, high = ends if len(ends) == 2 else (1, 0)
        if not 0 <= low <= high <= MAX_SEVERITY:
            raise ValueError(
                f"severity must be a number or a rising pair from 0 to {MAX_SEVERITY:g}, "
                f"not {severity!r}"
            )
        self.severity = (float(low), float(high))
        self.strengths = self.section.model_validate(strengths)

    def _draw_view(self, params: dict[str, Any], data: dict[str, Any]) -> View:
        """A random view for the image of this call."""
        low, high = self.severity
        severity = low + (high - low) * self.random_generator.random()
        shape = (*params["shape"], 1)[:3]  # H x W has one channel
        scene = Scene(shape, data.get("label"), self._donors(), mask=self._mask(data))
        factor = FACTORS[self.factor]
        return View.of([factor.draw(self.strengths, severity, self.random_generator, scene)])

    def _donors(self) -> Donors | None:
        return None

    def _mask(self, data: dict[str, Any]) -> np.ndarray | None:  # noqa: ARG002
        return None

    def get_transform_init_args(self) -> dict[str, Any]:
        return {"severity": self.severity, "strengths": self.strengths.model_dump()}


class _GeometryTransform(_FactorTransform, BaseDistortion):
    def __init__(
        self,
        severity: float | tuple[float, float],
        strengths: Section | Mapping[str, Any],
        p: float = 0.5,
    ) -> None:
        super().__init__(
            interpolation=cv2.INTER_LINEAR,
            mask_interpolation=cv2.INTER_NEAREST,
            keypoint_remapping_method="direct",
            p=p,
        )
        self._set_up(severity, strengths)

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        view = self._draw_view(params, data)
        points = view.sources(*params["shape"][:2])
        return {"map_x": points[..., 0], "map_y": points[..., 1], "view": view}

    def apply(
        self, img: np.ndarray, map_x: np.ndarray, map_y: np.ndarray, **params: Any
    ) -> np.ndarray:
        view: View = params["view"]
        image = _with_channels(img)
        border = border_colors(image[None])[0]
        points = np.stack([map_x, map_y], axis=-1)
        return resample(image, points, view.shrink, border).reshape(img.shape)

    # Those of BaseDistortion stack images as channels, which OpenCV takes no more than four of.
    apply_to_images = BasicTransform.apply_to_images
    apply_to_volume = BasicTransform.apply_to_volume
    apply_to_volumes = BasicTransform.apply_to_volumes

    def apply_to_bboxes(self, bboxes: np.ndarray, **params: Any) -> np.ndarray:
        """The boxes around what is seen of boxes, exact to parts of a pixel: float, N x 4 or more.

        bboxes: left, top, right and bottom in shares of the width and height, and any more columns,
        which stay.
        """
        height, width = params["shape"][:2]
        return _moved_boxes(bboxes, params["view"], height, width)

    def apply_to_keypoints(self, keypoints: np.ndarray, **params: Any) -> np.ndarray:
        """Key points to where they are seen, exact, unlike by the inverted map: float, N x 2 or more.

        keypoints: x, y, and where there are five columns or more z, the angle in radians and the
        size. Angle and size follow what the view does around the point. Other columns stay.
        """
        return _moved_points(keypoints, params["view"])


class Viewpoint(_GeometryTransform):
    """A camera that has moved around the object, in any direction, and rolled: `tilt`, `roll`, degrees.

    The homography of `geometry.turned`.
    """

    factor = "viewpoint"
    section = sections.Viewpoint


class Scale(_GeometryTransform):
    """The object smaller or larger by a factor, about the picture's centre: see `geometry.resized`."""

    factor = "scale"
    section = sections.Scale


class Deformation(_GeometryTransform):
    """The object bent out of shape, without folds, by `rms` percent of the side: see `geometry.bent`."""

    factor = "deformation"
    section = sections.Deformation


class _PixelTransform(_FactorTransform, ImageOnlyTransform):
    def __init__(
        self,
        severity: float | tuple[float, float],
        strengths: Section | Mapping[str, Any],
        p: float = 0.5,
    ) -> None:
        super().__init__(p=p)
        self._set_up(severity, strengths)

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        return {"view": self._draw_view(params, data)}

    def apply(self, img: np.ndarray, **params: Any) -> np.ndarray:
        view: View = params["view"]
        image = _with_channels(img)
        return view.apply(image, border_colors(image[None])[0]).reshape(img.shape)


class Illumination(_PixelTransform):
    """Another light: exposure (`gamma`), a lamp at one side (`shade`), an uneven field (`uneven`),
    the light's colour (`mired`, of RGB images) and the camera's answer: see `light.Lighting`.
    """

    factor = "illumination"
    section = sections.Illumination


class _ForeignTransform(_PixelTransform):
    """A factor that puts pieces of other images into an image.

    donors: the images that they come from. The call names the class of the image, so that none of
    its own class is taken: `transform(image=image, label=3)`.
    """

    def __init__(
        self,
        severity: float | tuple[float, float],
        strengths: Section | Mapping[str, Any],
        donors: Donors,
        p: float = 0.5,
    ) -> None:
        super().__init__(severity, strengths, p)
        self.donors = donors

    @property
    def targets_as_params(self) -> list[str]:
        return ["label"]

    def _donors(self) -> Donors | None:
        return self.donors

    def _draw_view(self, params: dict[str, Any], data: dict[str, Any]) -> View:
        label = data["label"]
        if not isinstance(label, int | np.integer):
            raise TypeError(f"label must be the number of the image's class, not {label!r}")
        return super()._draw_view(params, data)

    @classmethod
    def is_serializable(cls) -> bool:
        """Images are no part of a configuration."""
        return False

    def to_dict_private(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} cannot be written down: it holds images")


class Clutter(_ForeignTransform):
    """Pieces of images of other classes around the object, `patches` of them: see `layers.strewn`.

    If the call has a mask too, 0 where the object is not, one such image is the background instead,
    with the opacity `backdrop`: see `layers.swapped`.
    """

    factor = "clutter"
    section = sections.Clutter

    def _mask(self, data: dict[str, Any]) -> np.ndarray | None:
        mask = data.get("mask")
        return mask if mask is None or mask.ndim == 2 else mask.any(axis=2)


class Occlusion(_ForeignTransform):
    """A block over the share `area` of the image, in front of the object: see `layers.hidden`."""

    factor = "occlusion"
    section = sections.Occlusion


def _moved_boxes(bboxes: np.ndarray, view: View, height: int, width: int) -> np.ndarray:
    """See `_GeometryTransform.apply_to_bboxes`.

    Of each box, the corners and points along its edges are moved: lines need not stay straight.
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


def _moved_points(keypoints: np.ndarray, view: View) -> np.ndarray:
    """See `_GeometryTransform.apply_to_keypoints`."""
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


def _with_channels(image: np.ndarray) -> np.ndarray:
    """The image as H x W x C. Raises ValueError for other pixels than uint8, grey or RGB."""
    if image.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8, not {image.dtype}")
    if image.ndim == 2:
        return image[:, :, None]
    if image.shape[2] not in (1, 3):
        raise ValueError(f"images must have 1 or 3 channels, not {image.shape[2]}")
    return image
