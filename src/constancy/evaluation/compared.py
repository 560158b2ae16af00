"""Two models on the same images: how far one is ahead, how sure that is, and which answers changed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest

from constancy.errors import UserError
from constancy.evaluation.bootstrap import Interval, gain_interval
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.sensitivity import group_sums, rival_pairs
from constancy.evaluation.stability import balance
from constancy.seeds import generator
from constancy.settings.base import COMBINED, INTRA_CLASS, PIXEL_FACTORS

CLEAN, SENSITIVITY = "clean", "sensitivity"


Verdict = Literal["better", "level", "worse"]


@dataclass(frozen=True)
class Difference:
    """One score of two models.

    name: "clean", a factor, "combined" or "sensitivity"; before, after: the scores of the one and
    of the other, 0..1; difference: after - before, interval: of that, 95 %, by the paired bootstrap
    over images with all their variants (for sensitivity over groups of pairs that share images):
    see `gain_interval`; p: of the exact McNemar test for clean images, else None.
    """

    name: str
    before: float
    after: float
    difference: float
    interval: Interval
    p: float | None

    @property
    def verdict(self) -> Verdict:
        """Whether the interval lies above nothing, holds it, or lies below."""
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "level"


@dataclass(frozen=True)
class Change:
    """A clean test image that is answered otherwise than before, by its row; classes by position."""

    row: int
    label: int
    before: int
    after: int


@dataclass(frozen=True)
class Comparison:
    """All differences, and the images of which the clean answers changed: those that became right,
    those that became wrong, and those that are wrong otherwise than before. same: whether the two
    answer all images and variants alike, to the last bit, as one model does.
    """

    same: bool
    differences: list[Difference]
    mended: list[Change]
    broken: list[Change]
    otherwise: list[Change]

    def as_json(self, before: str, after: str, answered: Predictions) -> dict[str, Any]:
        """Plain values: images by id and path, classes by name.

        before, after: what the models are called; answered: the answers of either.
        """
        classes = answered.classes

        def plain(changes: list[Change]) -> list[dict[str, str]]:
            return [
                {
                    "id": str(answered.ids[each.row]),
                    "path": str(answered.paths[each.row]),
                    "label": classes[each.label],
                    "before": classes[each.before],
                    "after": classes[each.after],
                }
                for each in changes
            ]

        return {
            "before": before,
            "after": after,
            "same": self.same,
            "suite": answered.suite,
            "images": {"clean": len(answered.ids), "varied": len(answered.rows)},
            "differences": [{**asdict(each), "verdict": each.verdict} for each in self.differences],
            "mended": plain(self.mended),
            "broken": plain(self.broken),
            "otherwise": plain(self.otherwise),
        }


def compare(one: Predictions, other: Predictions) -> Comparison:
    """What changed from one model to the other.

    Raises UserError where they did not answer the same images, or know other classes.
    """
    if one.classes != other.classes:
        raise UserError("the two models know other classes: they cannot be compared")
    if one.suite != other.suite or not np.array_equal(one.ids, other.ids):
        raise UserError(
            "the two models were scored on other test images: `make run` scores a model on those "
            "of today"
        )
    before, after = one.clean.argmax(-1), other.clean.argmax(-1)
    changed = [
        Change(row, int(one.labels[row]), int(before[row]), int(after[row]))
        for row in np.flatnonzero(before != after).tolist()
    ]
    return Comparison(
        same=np.array_equal(one.clean, other.clean)
        and all(np.array_equal(one.varied[name], other.varied[name]) for name in one.varied),
        differences=list(_differences(one, other)),
        mended=[each for each in changed if each.after == each.label],
        broken=[each for each in changed if each.before == each.label],
        otherwise=[each for each in changed if each.label not in (each.before, each.after)],
    )


def mcnemar(one: np.ndarray, other: np.ndarray) -> float:
    """The p-value of the exact McNemar test (1947) that both are right equally often, 0..1.

    one, other: bool, N, whether each model is right on each image. Of the images on which just one
    of them is, it is by chance as often the one as the other.
    """
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    if not only_one + only_other:
        return 1.0
    return float(binomtest(only_one, only_one + only_other).pvalue)


def _differences(one: Predictions, other: Predictions) -> Iterator[Difference]:
    rights = [shares_right(each) for each in (one, other)]
    for name in rights[0]:
        before, after = (right[name] for right in rights)
        rng = generator(0, "differences", one.suite, name)
        gains = after - before
        yield Difference(
            name,
            float(before.mean()),
            float(after.mean()),
            float(gains.mean()),
            gain_interval(gains, rng),
            mcnemar(before > 0, after > 0) if name == CLEAN else None,
        )


def shares_right(model: Predictions) -> dict[str, np.ndarray]:
    """For each score, float64, the share of the answers right for each image, or group of them; where
    they do not weigh the same, times what they weigh.
    """
    right = model.clean.argmax(-1) == model.labels
    labels = model.labels[model.rows]
    found = {CLEAN: right}
    for name in PIXEL_FACTORS:
        found[name] = (model.varied[name].argmax(-1) == labels).mean(axis=(0, 1))
    found[INTRA_CLASS] = right * balance(model.severity)
    found[COMBINED] = (model.varied[COMBINED].argmax(-1) == labels).mean(axis=(0, 1))
    if len(pairs := rival_pairs(model.rivals)):
        told_apart, counts = group_sums(right[pairs].all(axis=1).astype(np.float64), pairs).T
        found[SENSITIVITY] = told_apart / counts.mean()
    return {name: share.astype(np.float64) for name, share in found.items()}
