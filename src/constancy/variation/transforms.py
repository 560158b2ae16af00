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

from constancy.settings import variation as sections
from constancy.settings.base import Section
from constancy.variation.factors import FACTORS, MAX_SEVERITY
from constancy.variation.labels import moved_boxes, moved_points
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors, resample


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
        if len(ends) != 2 or not 0 <= ends[0] <= ends[1] <= MAX_SEVERITY:
            raise ValueError(
                f"severity must be a number or a rising pair from 0 to {MAX_SEVERITY:g}, "
                f"not {severity!r}"
            )
        self.severity = (float(ends[0]), float(ends[1]))
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
        height, width = params["shape"][:2]
        return moved_boxes(bboxes, params["view"], height, width)

    def apply_to_keypoints(self, keypoints: np.ndarray, **params: Any) -> np.ndarray:
        return moved_points(keypoints, params["view"])


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


def _with_channels(image: np.ndarray) -> np.ndarray:
    """The image as H x W x C. Raises ValueError for other pixels than uint8, grey or RGB."""
    if image.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8, not {image.dtype}")
    if image.ndim == 2:
        return image[:, :, None]
    if image.shape[2] not in (1, 3):
        raise ValueError(f"images must have 1 or 3 channels, not {image.shape[2]}")
    return image
