"""Which image of which kind training sees, drawn by index for a whole epoch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from constancy.seeds import generator

UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Epoch:
    """The draws of one epoch, in the order in which training sees them.

    rows: int64, N, a permutation of the training images; kinds: int64, N, positions in the mix;
    copies: int64, N, which copy of that kind (0 for untouched images).
    """

    rows: np.ndarray
    kinds: np.ndarray
    copies: np.ndarray


def draw_epoch(
    images: int, weights: Mapping[str, float], copies: Mapping[str, int], *, seed: int, epoch: int
) -> Epoch:
    """Every image once, each untouched or as one of its copies, as the weights say.

    weights: for each kind of image, not negative, of any sum; copies: for each kind but untouched,
    how many copies of each image there are. The draw hangs on (seed, epoch) alone, so training that
    starts again in the middle of an epoch sees the same images.
    """
    kinds = list(weights)
    shares = np.array([weights[kind] for kind in kinds], np.float64)
    random = generator(seed, "epoch", epoch)
    rows = random.permutation(images)
    drawn = random.choice(len(kinds), images, p=shares / shares.sum())
    limits = np.array([1 if kind == UNTOUCHED else copies[kind] for kind in kinds])
    return Epoch(rows, drawn, random.integers(0, limits[drawn]))
