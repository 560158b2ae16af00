"""What the factor suites say of where production is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from constancy.data.packed import PackedSplit
from constancy.settings.base import INTRA_CLASS, SEVERITIES
from constancy.variation.suites import Suite

SAMPLE = 200
"""Images of each part of a suite that are measured, at the most."""


@dataclass(frozen=True)
class Region:
    """The part of the suites that production is most like, and how the model does there.

    direction: None where the factor has but one; beyond: whether production's median lies beyond
    those of all parts; accuracy: of the model there, 0..1.
    """

    factor: str
    direction: str | None
    severity: int
    beyond: bool
    accuracy: float


@dataclass(frozen=True, eq=False)
class Part:
    """Images of a suite under one factor at one severity, with their labels."""

    factor: str
    direction: str | None
    severity: int
    images: np.ndarray
    labels: np.ndarray


def find_region(
    production: np.ndarray,
    parts: Sequence[Part],
    measured: Sequence[np.ndarray],
    predict: Callable[[np.ndarray], np.ndarray],
) -> Region:
    """The part whose distribution of a measure is nearest to production's, float64, N.

    Nearest in the Wasserstein distance, which knows of medians and of spreads alike. measured: the
    same measure of each part's first SAMPLE images, float64; predict: images to labels, int64.
    """
    nearest = int(np.argmin([wasserstein_distance(each, production) for each in measured]))
    medians = [float(np.median(each)) for each in measured]
    median, part = float(np.median(production)), parts[nearest]
    return Region(
        part.factor,
        part.direction,
        part.severity,
        beyond=not min(medians) <= median <= max(medians),
        accuracy=float((predict(part.images) == part.labels).mean()),
    )


def parts_of(factor: str, suite: Suite, test: PackedSplit) -> Iterator[Part]:
    """The suite of a factor, by severity and direction. test: the split that it was made of."""
    for severity in SEVERITIES:
        if factor == INTRA_CLASS:
            chosen = suite.intra_class["severity"] == severity
            rows = suite.intra_class["row"].to_numpy()[chosen.to_numpy()]
            if len(rows):  # a small split has not all severities
                yield Part(factor, None, severity, test.images[rows], test.labels[rows])
            continue
        labels = suite.index["label"].to_numpy()
        for number, images in enumerate(suite.images[factor][severity - 1]):
            direction = suite.named_direction(factor, number)
            yield Part(factor, direction, severity, images, labels)
