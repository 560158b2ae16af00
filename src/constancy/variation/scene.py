"""What a factor has to know of the image that it varies, and of the images around it."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from constancy.errors import UserError


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
        # A plain view: slicing np.memmap itself costs more than all the rest of a draw.
        return cls(np.asarray(images), by_label, starts)

    def pick(self, label: int, place: float) -> np.ndarray:
        """An image of another class than `label`: uint8, H x W x C; which one, `place` in [0, 1) says.

        Raises UserError when there is none.
        """
        known = 0 <= label < len(self.starts) - 1
        start, stop = self.starts[label : label + 2] if known else (0, 0)
        others = len(self.by_label) - (stop - start)
        if others == 0:
            raise UserError(
                "clutter and occlusion need images of at least two classes in every split: "
                "add images, or change data.split"
            )
        rank = int(place * others)
        donor: np.ndarray = self.images[
            self.by_label[rank if rank < start else rank + stop - start]
        ]
        return donor


@dataclass(frozen=True, eq=False)
class Scene:
    """An image as far as the drawing of factors needs it.

    shape: height, width, channels; label: its class; donors: where foreign objects come from.
    The geometry and the light need the shape alone.
    """

    shape: tuple[int, int, int]
    label: int | None = None
    donors: Donors | None = None

    def foreign(self, place: float) -> np.ndarray:
        """An image of another class in the shape of this one: uint8, H x W x C; see `Donors.pick`.

        Raises ValueError for a scene without a label or donors.
        """
        if self.label is None or self.donors is None:
            raise ValueError("foreign objects need the image's label and donors")
        donor = self.donors.pick(self.label, place)
        if donor.shape != self.shape:
            size = (self.shape[1], self.shape[0])
            donor = cv2.resize(donor, size, interpolation=cv2.INTER_AREA).reshape(self.shape)
        return donor
