"""Whether an exported file answers as the model that it was made of."""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from constancy.errors import UserError
from constancy.progress import progress
from constancy.serving.export.original import Answer

TOLERANCE = 1e-4
"""By which a probability may differ."""

SIZES = (1, 7, 500)
"""Images at once: one, a number that no example had, and as many as are looked at."""

_ORIGINAL_SIZE = 64


def largest_difference(original: Answer, exported: Answer, images: np.ndarray) -> float:
    """By how much the two differ in any probability of any image, with SIZES images at once.

    images: uint8, N x H x W x C, N at least 1. Raises UserError if that is more than TOLERANCE, or
    a label is another.
    """
    with progress("check", total=len(images) * (1 + len(SIZES))) as bar:
        expected = _answers(original, images, _ORIGINAL_SIZE, bar)
        found = np.stack([_answers(exported, images, size, bar) for size in SIZES])
    difference = float(np.abs(found - expected).max())
    others = (found.argmax(-1) != expected.argmax(-1)).any(axis=0)
    if others.any() or not difference <= TOLERANCE:  # which NaN is not, either
        raise UserError(
            f"the exported file does not answer as the model does: probabilities differ by up to "
            f"{difference:.2g} (allowed: {TOLERANCE:g}), labels of {others.sum()} of {len(images)} "
            "test images; nothing was written: try another --format"
        )
    return difference


def _answers(answer: Answer, images: np.ndarray, size: int, bar: "tqdm") -> np.ndarray:
    return np.concatenate(list(_counted(answer, images, size, bar)))


def _counted(answer: Answer, images: np.ndarray, size: int, bar: "tqdm") -> Iterator[np.ndarray]:
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        yield answer(batch)
        bar.update(len(batch))
