"""The worst of what variation does: images that were read rightly, and surely otherwise once varied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from constancy.data.packed import PackedSplit
from constancy.evaluation.answers import Answers
from constancy.evaluation.attention import grad_cam
from constancy.models.network import Network
from constancy.settings.base import COMBINED
from constancy.variation.suites import Suite

SHOWN = 8
_OF_A_FACTOR = 2  # shown, at the most, of those that one factor did


@dataclass(frozen=True, eq=False)
class Flip:
    """A base image that is read rightly, and a variant of it that is not.

    image, variant: uint8, H x W x C; direction: None where a factor has but one; confidence: that of
    the wrong answer, 0..1; attention: float32, H x W, 0..1, what in the image spoke for its class,
    and in the variant for the wrong one; None where the network has no pictures inside.
    """

    factor: str
    direction: str | None
    severity: int
    label: int
    predicted: int
    confidence: float
    image: np.ndarray
    variant: np.ndarray
    attention: tuple[np.ndarray, np.ndarray] | None


class Found(NamedTuple):
    """Where a flip lies in a suite; severity from 0 on; confidence of the wrong answer."""

    factor: str
    severity: int
    direction: int
    image: int
    confidence: float


def worst_flips(network: Network, answers: Answers, split: PackedSplit, suite: Suite) -> list[Flip]:
    """The eight most confident ones, each of another image and no more than two of a factor."""
    base, labels = suite.index["row"].to_numpy(), suite.index["label"].to_numpy()
    right = answers.clean[base].argmax(-1) == labels
    single = {name: logits for name, logits in answers.varied.items() if name != COMBINED}
    chosen = choose_flips(right, labels, single)
    if not chosen:
        return []
    truth = labels[[each.image for each in chosen]]
    logits = np.stack([single[f][severity, way, image] for f, severity, way, image, _ in chosen])
    images = split.images[base[[each.image for each in chosen]]]
    variants = np.stack(
        [suite.images[f][severity, way, image] for f, severity, way, image, _ in chosen]
    )
    predicted = logits.argmax(-1)
    before, after = grad_cam(network, images, truth), grad_cam(network, variants, predicted)
    return [
        Flip(
            flip.factor,
            suite.named_direction(flip.factor, flip.direction),
            flip.severity + 1,
            int(truth[place]),
            int(predicted[place]),
            flip.confidence,
            images[place],
            variants[place],
            None if before is None or after is None else (before[place], after[place]),
        )
        for place, flip in enumerate(chosen)
    ]


def choose_flips(
    right: np.ndarray, labels: np.ndarray, varied: Mapping[str, np.ndarray]
) -> list[Found]:
    """Those to be shown, the most confident first.

    right: bool, n, whether the image itself is read rightly; labels: int64, n; varied: logits for
    each factor, severities x directions x n x classes.
    """
    found = []
    for factor, logits in varied.items():
        wrong = (logits.argmax(-1) != labels) & right
        confidence = np.where(wrong, softmax(logits.astype(np.float64), axis=-1).max(-1), 0)
        surest = confidence.reshape(-1, len(labels)).argmax(axis=0)  # of each image's variants
        for image in np.flatnonzero(wrong.any(axis=(0, 1))).tolist():
            severity, way = map(int, np.unravel_index(surest[image], logits.shape[:2]))
            found.append(
                Found(factor, severity, way, image, float(confidence[severity, way, image]))
            )
    chosen: list[Found] = []
    for flip in sorted(found, key=lambda flip: (-flip.confidence, flip.image)):
        alike = sum(other.factor == flip.factor for other in chosen)
        if alike < _OF_A_FACTOR and all(other.image != flip.image for other in chosen):
            chosen.append(flip)
    return chosen[:SHOWN]
