"""How many images a second a model answers, one at a time and many at once."""

import time
from collections.abc import Mapping
from statistics import median

import numpy as np

from constancy.serving.export.original import Answer

SIZES = (1, 64)
ROUNDS = 7
BLOCK = 0.1  # seconds

Speeds = dict[int, float]
"""Images a second, by how many are shown at once."""


def images_a_second(arms: Mapping[str, Answer], images: np.ndarray) -> dict[str, Speeds]:
    """The median speed of each arm; images: uint8, N x H x W x C, N at least 1.

    The arms take turns, so that whatever else the machine does slows all of them, and a turn is long
    enough for the threads of the one before to have gone to sleep.
    """
    speeds: dict[str, Speeds] = {name: {} for name in arms}
    for size in SIZES:
        batch = np.resize(images, (size, *images.shape[1:]))
        seconds: dict[str, list[float]] = {name: [] for name in arms}
        for _ in range(ROUNDS):
            for name, answer in arms.items():
                seconds[name].append(_seconds(answer, batch))
        for name in arms:
            speeds[name][size] = size / median(seconds[name])
    return speeds


def _seconds(answer: Answer, batch: np.ndarray) -> float:
    """Of one call, on average over a turn."""
    answer(batch)
    start, calls = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < BLOCK or not calls:
        answer(batch)
        calls += 1
    return passed / calls
