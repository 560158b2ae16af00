"""Two models on the same images: which is right where the other is not."""

import numpy as np
from scipy.stats import binomtest


def mcnemar(one: np.ndarray, other: np.ndarray) -> float:
    """The p-value of the exact McNemar test (1947) that both are right equally often, 0..1.

    one, other: bool, N, whether each model is right on each image. Of the images on which just one
    of them is, it is by chance as often the one as the other.
    """
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    if not only_one + only_other:
        return 1.0
    return float(binomtest(only_one, only_one + only_other).pvalue)
