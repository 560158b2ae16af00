"""The quality gate: which images and classes are not as they should be, and what becomes of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from constancy.data.decode import DecodedTable
from constancy.data.duplicates import MOST_PAIRS, near_pairs, stand_ins
from constancy.data.packed import SPLITS
from constancy.settings.quality import Action, Quality

_RANK = {"test": 0, "validation": 1, "train": 2}
"""Of two equal images on two sides, the one on the first of these is kept: tests stay whole."""


Found = tuple[int, str, int | None]
"""A flagged image: its row, the reason, and the row of the image that is kept in its stead."""


@dataclass(frozen=True)
class Flag:
    """An image, or a class, that a check of `data.quality` found.

    row: of the image in the decoded table, None for a class; other: the row of the image that is
    kept in its stead, if any.
    """

    check: str
    action: Action
    label: str
    reason: str
    row: int | None = None
    other: int | None = None


class Inspection:
    """All checks, made one after another; what one drops, the next does not see.

    labels, splits, groups: of str (or None), as objects, N; all for the rows of `table`. Afterwards
    `flags` holds what was found, `kept` (bool, N) which rows remain, and `compared_all` is False
    where so many images are alike that not all pairs of them were compared.
    """

    def __init__(
        self,
        table: DecodedTable,
        labels: np.ndarray,
        splits: np.ndarray,
        groups: np.ndarray,
        quality: Quality,
    ) -> None:
        self.flags: list[Flag] = []
        self.kept = np.ones(len(table), bool)
        self._table, self._labels, self._splits = table, labels, splits
        self._quality = quality
        facts = table.facts
        self._moments = np.stack([facts["mean"].to_numpy(), facts["std"].to_numpy()], axis=1)
        self._rank = np.vectorize(_RANK.get, otypes=[int])(splits) if len(splits) else splits
        self._unreadable()
        self._equal_pixels()
        self._groups_on_two_sides(groups)
        self._sizes()
        self._nearly_equal_pixels()
        self._classes()

    def of(self, check: str) -> list[Flag]:
        """What one check found."""
        return [flag for flag in self.flags if flag.check == check]

    def dropped_from(self, split: str) -> Counter[str]:
        """How many images of a split each check has left out."""
        return Counter(
            flag.check
            for flag in self.flags
            if flag.row is not None and flag.action == "drop" and self._splits[flag.row] == split
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """How many images remain of each class in each split."""
        pairs = (each[self.kept].tolist() for each in (self._labels, self._splits))
        counts = Counter(zip(*pairs, strict=True))
        labels = sorted({label for label, _ in counts})
        return {label: {name: counts[label, name] for name in SPLITS} for label in labels}

    def _flag(self, check: str, found: Iterable[Found]) -> None:
        """Flag images, and drop them if the settings say so."""
        action = getattr(self._quality, check).action
        for row, reason, other in found:
            self.flags.append(Flag(check, action, str(self._labels[row]), reason, row, other))
            if action == "drop":
                self.kept[row] = False

    def _flag_class(self, check: str, label: str, reason: str) -> None:
        action = getattr(self._quality, check).action
        self.flags.append(Flag(check, action, label, reason))
        if action == "drop":
            rows = np.flatnonzero(self.kept & (self._labels == label)).tolist()
            self._flag(check, [(row, "its class is left out", None) for row in rows])

    def _unreadable(self) -> None:
        problems = self._table.facts["problem"]
        rows = np.flatnonzero(pc.is_valid(problems).to_numpy())
        self._flag("unreadable", [(row, problems[row].as_py(), None) for row in rows.tolist()])
        self.kept[rows] = False  # whatever is to be done about them, there is nothing to keep

    def _equal_pixels(self) -> None:
        """Images that the network could not tell apart: under two labels, on two sides, or again."""
        rows = np.flatnonzero(self.kept)
        digests = self._table.digests()[rows]
        order = np.lexsort((self._rank[rows], *digests.T))  # which keeps the order of equal ones
        again = (np.diff(digests[order], axis=0, prepend=~digests[order][:1]) == 0).all(axis=1)
        several = again | np.append(again[1:], False)
        groups = np.split(rows[order][several], np.flatnonzero(~again[several]))[1:]
        conflicting, leaking, repeated = [], [], []
        for first, *others in (group.tolist() for group in groups):
            labels = sorted(set(self._labels[[first, *others]].tolist()))
            if len(labels) > 1:
                more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
                reason = f"the same image under the labels {', '.join(labels[:5])}{more}"
                conflicting += [(row, reason, None) for row in (first, *others)]
                continue
            for row in others:
                if self._splits[row] == self._splits[first]:
                    repeated.append((row, "the same image again", first))
                else:
                    leaking.append((row, f"also in the {self._splits[first]} split", first))
        self._flag("conflicting_labels", conflicting)
        self._flag("exact_duplicates", repeated)
        self._flag("leakage", leaking)

    def _groups_on_two_sides(self, groups: np.ndarray) -> None:
        """A source may name splits that cut through its groups."""
        best: dict[str, int] = {}
        for row in np.flatnonzero(self.kept).tolist():
            group = groups[row]
            if group is not None and self._rank[row] < self._rank[best.setdefault(group, row)]:
                best[group] = row
        found: list[Found] = []
        for row in np.flatnonzero(self.kept).tolist():
            group = groups[row]
            if group is not None and self._rank[row] > self._rank[best[group]]:
                where = self._splits[best[group]]
                found.append(
                    (row, f"its group '{group}' is also in the {where} split", best[group])
                )
        self._flag("leakage", found)

    def _sizes(self) -> None:
        limits = self._quality.sizes
        facts = self._table.facts
        width, height = (facts[each].fill_null(1).to_numpy() for each in ("width", "height"))
        shorter, longer = np.minimum(width, height), np.maximum(width, height)
        area = width.astype(np.int64) * height
        median = np.median(area[self.kept]) if self.kept.any() else 1.0
        rules = (
            (shorter < limits.side, f"a side under {limits.side} pixels"),
            (longer > limits.aspect * shorter, f"a side over {limits.aspect:g} times the other"),
            (area > limits.ratio * median, f"over {limits.ratio:g} times the usual {median:,.0f}"),
            (area * limits.ratio < median, f"under 1/{limits.ratio:g} of the usual {median:,.0f}"),
        )
        found: dict[int, Found] = {}
        for unusual, why in rules:
            for row in np.flatnonzero(self.kept & unusual).tolist():
                reason = f"{width[row]} x {height[row]} pixels: {why}"
                found.setdefault(row, (row, reason, None))
        self._flag("sizes", [found[row] for row in sorted(found)])

    def _nearly_equal_pixels(self) -> None:
        pairs = self._near_pairs()
        across = self._splits[pairs[:, 0]] != self._splits[pairs[:, 1]]
        leaking = self._lower_ranks(pairs[across], "hardly differs from one in the {} split")
        self._flag("leakage", leaking)
        within = pairs[~across & self.kept[pairs].all(axis=1)]
        near = self._lower_ranks(within, "hardly differs from another image in the {} split")
        told = {flag.row for flag in self.of("exact_duplicates")}
        self._flag("near_duplicates", [each for each in near if each[0] not in told])

    def _near_pairs(self) -> np.ndarray:
        """Pairs of rows that may be nearly the same, the one that ranks higher first."""
        limits, facts = self._quality.near_duplicates, self._table.facts
        rows = np.flatnonzero(self.kept).astype(np.uint32)
        rows = rows[np.argsort(self._rank[rows], kind="stable")]
        hashes = facts["hash"].to_numpy()[rows]
        pairs = near_pairs(hashes, self._moments[rows], limits.bits, limits.difference)
        self.compared_all = len(pairs) < MOST_PAIRS
        return rows[pairs]

    def _lower_ranks(self, pairs: np.ndarray, reason: str) -> list[Found]:
        """The rows that are nearly the same as one that ranks higher and is not found itself."""
        limit = self._quality.near_duplicates.difference
        table = self._table
        found: list[Found] = []
        for one, other in stand_ins(
            pairs, table.pixels, table.shape, self._moments, limit
        ).tolist():
            alike = self._labels[one] == self._labels[other]
            told = reason.format(self._splits[one]) + ("" if alike else ", under another label")
            found.append((other, told, one))
        return found

    def _classes(self) -> None:
        quality = self._quality
        least, counts = quality.small_class.minimum, self.counts()
        for label in np.unique(self._labels).tolist():  # also those of which nothing remains
            count = sum(counts.get(label, {}).values())
            if count < least:
                reason = f"has {count:,} of the {least:,} images that a class needs (minimum)"
                self._flag_class("small_class", label, reason)
        for label, splits in self.counts().items():
            missing = [name for name in SPLITS if not splits[name]]
            if missing:
                noun = "splits" if len(missing) > 1 else "split"
                reason = f"has no image in the {' and '.join(missing)} {noun}"
                self._flag_class("missing_class", label, reason)
        training = {label: splits["train"] for label, splits in self.counts().items()}
        most, least = max(training.values(), default=0), min(training.values(), default=0)
        if least and most > quality.imbalance.ratio * least:
            label = min(training, key=training.__getitem__)
            reason = f"trains on {least:,} images where the largest class has {most:,}"
            self._flag_class("imbalance", label, reason)
