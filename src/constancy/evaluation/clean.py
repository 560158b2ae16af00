"""How well a model does on the untouched test images: all of them, and class by class."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from constancy.evaluation.bootstrap import Interval, resampled_means, share_interval
from constancy.evaluation.calibration import Calibration, calibration

TOP = 5
_TOP_CLASSES = 2 * TOP  # below so many classes, to be among the first five means little


@dataclass(frozen=True)
class ClassScore:
    """precision, recall: 0..1; recall is None for a class without test images, `count` of which
    there are; the precision of a class that is never answered counts as 0.
    """

    precision: float
    recall: float | None
    count: int


@dataclass(frozen=True)
class CleanScore:
    """On the clean images of the whole test split, of which there are `count`.

    accuracy_interval: of the accuracy, 95 %; balanced_accuracy: mean recall, and macro_f1: mean F1,
    of the classes that the split has; top5_accuracy: None for fewer than ten classes; classes: by
    name.
    """

    accuracy: float
    accuracy_interval: Interval
    count: int
    balanced_accuracy: float
    macro_f1: float
    top5_accuracy: float | None
    calibration: Calibration
    classes: dict[str, ClassScore]

    def as_json(self) -> dict[str, Any]:
        """Its part of metrics.json."""
        values = asdict(self)
        values |= values.pop("calibration")
        if self.top5_accuracy is None:
            del values["top5_accuracy"]
        return values


def score_clean(
    logits: np.ndarray, labels: np.ndarray, classes: list[str], rng: np.random.Generator
) -> CleanScore:
    """The scores of a model; logits: N x classes, N at least 1; labels: N, positions in `classes`."""
    answers = logits.argmax(axis=1)
    right = (answers == labels).astype(np.float64)
    precisions, recalls, f1s, counts = precision_recall_fscore_support(
        labels, answers, labels=range(len(classes)), zero_division=0
    )
    there = counts > 0
    return CleanScore(
        accuracy=float(right.mean()),
        accuracy_interval=share_interval(
            float(right.mean()), resampled_means(right[:, None], rng)[:, 0], len(right)
        ),
        count=len(labels),
        balanced_accuracy=float(recalls[there].mean()),
        macro_f1=float(f1s[there].mean()),
        top5_accuracy=_top_accuracy(logits, labels) if len(classes) >= _TOP_CLASSES else None,
        calibration=calibration(logits, labels, rng),
        classes={
            name: ClassScore(float(precision), float(recall) if count else None, int(count))
            for name, precision, recall, count in zip(
                classes, precisions, recalls, counts, strict=True
            )
        },
    )


def _top_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose class is among the five with the largest logits, of equal ones the
    first: as an answer is the first of the largest.
    """
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    ahead = (logits > own) | ((logits == own) & earlier)
    return float((ahead.sum(axis=1) < TOP).mean())
