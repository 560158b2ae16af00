"""What a factor has to know of the image that it varies, and of the images around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import cv2
import numpy as np

from constancy.errors import UserError

UNKNOWN_CLASS = -1
"""The label of an image of no known class: every donor is of another one."""


def _plain(images: np.ndarray) -> np.ndarray:
    """The same memory as a plain array: slicing np.memmap itself costs more than all of a draw."""
    return np.asarray(images)


@dataclass(frozen=True, eq=False)
class Donors:
    """The images of a split, from which pieces of foreign objects are cut.

    images: uint8, N x H x W x C; by_label: row numbers in the order of their labels;
    starts: where each label starts in it, and after the last one the end.
    """

    images: np.ndarray
    by_label: np.ndarray
    starts: list[int]

    @classmethod
    def of(cls, images: np.ndarray, labels: np.ndarray) -> Self:
        """Donors for a split. labels: int64, N, from 0."""
        by_label = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[by_label], np.arange(labels.max(initial=-1) + 2)).tolist()
        return cls(_plain(images), by_label, starts)

    @property
    def channels(self) -> int:
        """How many channels the images have; images without that axis have one."""
        shape: tuple[int, ...] = self.images.shape
        return shape[3] if len(shape) > 3 else 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        # In another process, joblib makes an np.memmap of the plain view again.
        self.__dict__.update(state, images=_plain(state["images"]))

    def of_another_class(self, label: int, place: float) -> np.ndarray:
        """An image of another class than `label`: uint8, H x W x C; which one, `place` in [0, 1) says.

        Raises UserError when there is none.
        """
        start, stop = self._range(label)
        others = len(self.by_label) - (stop - start)
        if others == 0:
            raise UserError(
                "clutter and occlusion need images of at least two classes in every split: "
                "add images, or change data.split"
            )
        rank = int(place * others)
        return self._image(rank if rank < start else rank + stop - start)

    def of_the_class(self, label: int, place: float) -> np.ndarray:
        """An image of the class `label`, likewise."""
        start, stop = self._range(label)
        return self._image(start + int(place * (stop - start)))

    def _range(self, label: int) -> tuple[int, int]:
        known = 0 <= label < len(self.starts) - 1
        return (self.starts[label], self.starts[label + 1]) if known else (0, 0)

    def _image(self, rank: int) -> np.ndarray:
        image: np.ndarray = self.images[self.by_label[rank]]
        return image


@dataclass(frozen=True, eq=False)
class Scene:
    """An image as far as the drawing of factors needs it.

    shape: height, width, channels; label: its class; donors: where foreign objects come from;
    same_class: take them from images of the same class instead, as a control; limits: the highest
    severity of factors, by name, that leaves the image in its class; mask: H x W, 0 where the
    object is not, if that is known. The geometry and the light need the shape alone.

    Raises ValueError for donors with other channels than the image.
    """

    shape: tuple[int, int, int]
    label: int | None = None
    donors: Donors | None = None
    same_class: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        # At once, not only in the draws that need one: an occlusion's filling is drawn.
        if self.donors is not None and self.donors.channels != self.shape[2]:
            raise ValueError(
                f"the donors have {_channels(self.donors.channels)}, and the image "
                f"{_channels(self.shape[2])}: give donors of the same kind"
            )

    def foreign(self, place: float) -> np.ndarray:
        """An image of another class in the shape of this one: uint8, H x W x C; see `Donors`.

        Raises ValueError for a scene without a label or donors.
        """
        if self.label is None or self.donors is None:
            raise ValueError("foreign objects need the image's label and donors")
        donors = self.donors
        pick = donors.of_the_class if self.same_class else donors.of_another_class
        donor = pick(self.label, place)
        if donor.shape != self.shape:
            size = (self.shape[1], self.shape[0])
            donor = cv2.resize(donor, size, interpolation=cv2.INTER_AREA).reshape(self.shape)
        return donor


def _channels(count: int) -> str:
    return f"{count} channel" if count == 1 else f"{count} channels"
