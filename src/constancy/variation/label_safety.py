"""Which classes a factor turns into each other: a 6 turned far enough is a 9.

Training images of each class are varied by one factor at each severity. Where many of them then look
like images of one other class, the factor must not get so severe on that class; `variation.limits`
is where that is said, and `propose_limits` says what.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.progress import progress
from constancy.seeds import generator
from constancy.settings.base import PIXEL_FACTORS, SEVERITIES
from constancy.settings.variation import Variation
from constancy.variation.embedding import Embedding
from constancy.variation.factors import ANY
from constancy.variation.scene import Donors
from constancy.variation.variants import Maker
from constancy.variation.view import View, border_colors

SHARE = 0.1
"""Of a class's images that some draw takes for another class: above it, the factor is too severe."""

DRAWS = 8
"""Variants of an image at each severity: one draw in a hundred may be the one that matters."""

NEIGHBOURS = 3
"""Training images of a class to which the distance of a variant is the mean of, at the most."""

NEARER = 0.7
"""How near to another class a variant must be, against its own, to be taken for it. What merely
looks like nothing that was trained on is about as far from all classes: on digits, 0.7 was
chosen so that under the committed strengths no share passes 0.1 (in four draws, 1 image in 40 at the
most), while turned by up to 180 degrees 21 in 40 of the 6 are taken for a 9, 10 of the 9 for a 6."""

REACH = 2.0
"""How near at all, against nine in ten images of that class: varied ones are never quite as near."""

MAX_VARIED = 40
"""Images of each class that are varied, at the most ..."""

LEAST_VARIED = 10
"""... and at the least, where there are so many; between these ..."""

MAX_VARIED_TOGETHER = 2000
"""... so many of all classes together."""

MAX_IMAGES = 10_000
"""Images that are compared with, all classes together, at the most (but three of each class)."""

_USUAL = 0.9
_ROWS = 512  # variants compared at once


@dataclass(frozen=True)
class Mapping:
    """A factor maps the class `source` onto the class `target`.

    severity: the lowest from which it does; shares: at each severity, the share of the images of
    `source` that some draw turns into what is taken for `target`.
    """

    factor: str
    source: str
    target: str
    severity: int
    shares: list[float]


def find_mappings(
    train: PackedSplit, classes: list[str], embedding: Embedding, variation: Variation, seed: int
) -> list[Mapping]:
    """All pairs of classes that one factor alone maps onto each other, whatever the limits are.

    The distance of an image from a class is the mean of those to the three training images of it
    that are nearest in the embedding, the one that a variant was made of left out. A variant is
    taken for another class if it is much nearer to that than to its own, and not much farther from
    it than real images of it are from each other, and if that is not so of the image as it was.

    It sees what pixels tell, not all that a person would confuse. Raises UserError where all images
    are of one class.
    """
    from threadpoolctl import threadpool_limits

    neighbours = _Neighbours.of(train, len(classes), embedding)
    donors = Donors.of(train.images, train.labels)
    no_limits: list[dict[str, float]] = [{} for _ in classes]
    makers = [
        Maker((seed, "label safety", str(draw)), variation, donors, no_limits)
        for draw in range(DRAWS)
    ]
    count = min(MAX_VARIED, max(LEAST_VARIED, MAX_VARIED_TOGETHER // len(classes)))
    sampled = [_sample(train.labels, label, count, seed) for label in range(len(classes))]
    found: list[Mapping] = []
    with (
        threadpool_limits(1),  # of small products, more threads would mostly wait for each other
        progress("label safety", total=len(PIXEL_FACTORS) * sum(map(len, sampled))) as bar,
    ):
        for factor in PIXEL_FACTORS:
            for label, rows in enumerate(sampled):
                if len(rows) > 1:
                    shares = _taken(train, rows, neighbours, makers, factor).mean(axis=1)
                    found += _mappings(factor, label, classes, shares)
                bar.update(len(rows))
    return found


def propose_limits(mappings: list[Mapping]) -> dict[str, dict[str, float]]:
    """For each class and factor, the highest severity below that at which a mapping begins."""
    limits: dict[str, dict[str, float]] = {}
    for each in mappings:
        own = limits.setdefault(each.source, {})
        own[each.factor] = min(each.severity - 1.0, own.get(each.factor, math.inf))
    return limits


def _mappings(factor: str, label: int, classes: list[str], shares: np.ndarray) -> list[Mapping]:
    """Those that the shares of a class, severities x classes, tell of."""
    found = []
    for target in np.flatnonzero((shares > SHARE).any(axis=0)).tolist():
        own = shares[:, target]
        first = SEVERITIES[int((own > SHARE).argmax())]
        found.append(Mapping(factor, classes[label], classes[target], first, own.tolist()))
    return found


def _taken(
    train: PackedSplit,
    rows: np.ndarray,
    neighbours: "_Neighbours",
    makers: list[Maker],
    factor: str,
) -> np.ndarray:
    """Whether some draw turns each image of a class into another: bool, severities x rows x classes."""
    images, ids = np.asarray(train.images[rows]), train.index["id"].to_numpy()[rows]
    borders, label = border_colors(images), int(train.labels[rows[0]])
    scenes = [maker.scene(images.shape[1:], label) for maker in makers]
    before = neighbours.resembled(images, rows, label)
    taken = np.empty((len(SEVERITIES), *before.shape), bool)
    subjects = list(
        product(zip(makers, scenes, strict=True), zip(ids, images, borders, strict=True))
    )
    for at, severity in enumerate(SEVERITIES):
        drawn = (
            maker.draw(factor, severity, ANY, sample, scene)
            for (maker, scene), (sample, _, _) in subjects
        )
        views = View.of_each(drawn, images.shape[1:])
        seen = [
            view.apply(image, border)
            for view, (_, (_, image, border)) in zip(views, subjects, strict=True)
        ]
        found = neighbours.resembled(np.stack(seen), np.tile(rows, len(makers)), label)
        taken[at] = found.reshape(len(makers), *before.shape).any(axis=0)
    return taken & ~before


def _sample(labels: np.ndarray, label: int, count: int, seed: int) -> np.ndarray:
    """Rows of a class, all or `count` of them."""
    rows = np.flatnonzero(labels == label)
    return np.sort(generator(seed, "label safety", label).permutation(rows)[:count])


@dataclass(frozen=True, eq=False)
class _Neighbours:
    """Training images in the embedding.

    rows: for each class, where in the split its images stand; points: likewise, n x components;
    reach: the distance from a class within which most of its own images are, classes.
    """

    embedding: Embedding
    rows: list[np.ndarray]
    points: list[np.ndarray]
    reach: np.ndarray

    @classmethod
    def of(cls, train: PackedSplit, classes: int, embedding: Embedding) -> Self:
        count = max(NEIGHBOURS, MAX_IMAGES // classes)
        rows = [_sample(train.labels, label, count, 0) for label in range(classes)]
        points = [embedding.embed(train.images[own]).astype(np.float32) for own in rows]
        reach = np.zeros(classes)  # of fewer than two images nothing is known: nothing is near them
        for label, (own, places) in enumerate(zip(rows, points, strict=True)):
            if len(own) > 1:
                reach[label] = REACH * np.quantile(_distances(places, own, places, own), _USUAL)
        return cls(embedding, rows, points, reach)

    def resembled(self, images: np.ndarray, originals: np.ndarray, label: int) -> np.ndarray:
        """Which images are taken for which other class than `label`: bool, N x classes.

        originals: the rows of the training images that they were made of, which do not count.
        """
        points = self.embedding.embed(images).astype(np.float32)
        found = np.zeros((len(images), len(self.rows)))
        for other, (rows, places) in enumerate(zip(self.rows, self.points, strict=True)):
            found[:, other] = _distances(points, originals, places, rows)
        own = found[:, label].copy()
        found[:, label] = np.inf
        nearest = found == found.min(axis=1, keepdims=True)
        return nearest & (found <= NEARER * own[:, None]) & (found <= self.reach)


def _distances(
    points: np.ndarray, originals: np.ndarray, places: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """The mean distance of each point from the nearest of the places: N; infinite from none."""
    parts = [np.empty(0)]
    for start in range(0, len(points), _ROWS):
        some, own = points[start : start + _ROWS], originals[start : start + _ROWS]
        squares = (some**2).sum(axis=1)[:, None] + (places**2).sum(axis=1) - 2 * some @ places.T
        squares[own[:, None] == rows] = np.inf
        count = min(NEIGHBOURS, len(rows))
        if 0 < count < len(rows):
            squares = np.partition(squares, count - 1, axis=1)[:, :count]
        nearest = np.sqrt(np.maximum(squares, 0))
        there = np.isfinite(nearest)
        total = np.where(there, nearest, 0).sum(axis=1)
        found = there.sum(axis=1)
        parts.append(np.where(found > 0, total / np.maximum(found, 1), np.inf))
    return np.concatenate(parts)
