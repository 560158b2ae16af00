"""The data as one self-contained HTML page, for whoever asks whether they are any good."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from constancy.data.labels import MAX_LABEL, printable
from constancy.data.packed import SPLITS
from constancy.data.prepare import Images
from constancy.page import clip, count, render, thumbnail
from constancy.progress import counted, progress

# What the page holds at the most: it stays below eight megabytes whatever the data.
LINES = 50  # problems, and warnings
CLASSES = 2000  # rows of the table of classes
SAMPLES = 160  # sample images, all classes together ...
SAMPLES_OF_A_CLASS = 8  # ... and of each
FLAGGED = 500  # of each check
FLAGGED_BYTES = 3_500_000  # of all checks, with their thumbnails
MARKUP_BYTES = 1500  # of a flagged image, beside its texts and thumbnails
LINE = 400  # characters of a problem, warning or reason
PATH = 240  # characters of a path
SOURCE = 160  # characters of the source

BINS = 12  # of the histogram of sizes, at the most, where sizes do not differ much

_MEANINGS = {
    "unreadable": "files that cannot be read as images",
    "conflicting_labels": "the same pixels under several labels: all of them",
    "exact_duplicates": "the same pixels again under one label: all but one",
    "sizes": "images of unusual size or shape",
    "leakage": "the same image, or nearly, on two sides of a split: the one on training's side",
    "near_duplicates": "images that hardly differ: all but one",
    "small_class": "classes with too few images",
    "missing_class": "classes without an image in one of the splits",
    "imbalance": "training images of the largest class against the smallest",
}
_OUTCOMES = {"drop": "left out", "warn": "kept", "fail": "stops the stage"}


@dataclass(frozen=True)
class Finding:
    """A flagged image, with the one that it is compared with if any, or a flagged class.

    Thumbnails are data URIs; None where there is no image to show.
    """

    told: dict[str, Any]
    split: str | None
    image: str | None
    other: str | None

    @property
    def bytes(self) -> int:
        """What it takes in the page, at the most."""
        from markupsafe import escape

        texts = sum(
            len(escape(text).encode()) for text in (*self.told.values(), self.told["label"])
        )
        return texts + len(self.image or "") + len(self.other or "") + MARKUP_BYTES


@dataclass(frozen=True)
class Check:
    """A check of `data.quality`: its limits in words, how many it flagged, and those shown."""

    name: str
    meaning: str
    limits: str
    flagged: int
    unit: str
    outcome: str
    shown: list[Finding]


def render_data_report(images: Images, summary: dict[str, Any], problems: list[str]) -> str:
    """The page: no reference leaves it, and the same inputs give the same text.

    summary: of these images, as given by `describe_images`; problems: as given by
    `findings.problems`.
    """
    labels = list(summary["classes"])
    return render(
        Path(__file__).with_name("report.html.j2"),
        source=clip(printable(summary["source"]), SOURCE),
        headline=headline(summary, problems),
        summary=summary,
        problems=_lines(problems),
        problem_count=len(problems),
        warnings=_lines(summary["warnings"]),
        splits=SPLITS,
        totals={label: sum(counts.values()) for label, counts in summary["classes"].items()},
        class_rows=list(summary["classes"].items())[:CLASSES],
        samples=_samples(images, labels),
        sizes=_histogram(images),
        checks=_checks(images, summary),
        pixelated=summary["image"]["size"] <= 64,
    )


def headline(summary: dict[str, Any], problems: list[str]) -> str:
    """The outcome in one sentence."""
    images, classes = summary["images"], len(summary["classes"])
    left_out = summary["files"] - images
    parts = [
        f"{count_of(images, 'image', 'images')} in {count_of(classes, 'class', 'classes')}",
        f"{count_of(left_out, 'file', 'files') if left_out else 'no file'} left out",
    ]
    if summary["warnings"]:
        parts.append(count_of(len(summary["warnings"]), "warning", "warnings"))
    elif not problems:
        parts.append("nothing was flagged")
    if problems:
        parts.append(f"refused for {count_of(len(problems), 'problem', 'problems')}")
    return f"{'; '.join(parts)}."


def count_of(number: int, one: str, several: str) -> str:
    """So many of something, in words."""
    return f"{count(number)} {one if number == 1 else several}"


def _lines(sentences: list[str]) -> list[str]:
    return [clip(printable(sentence), LINE) for sentence in sentences[:LINES]]


def _samples(images: Images, labels: list[str]) -> list[tuple[str, list[str]]]:
    """Pairs of (label, thumbnails), of classes that lie evenly spread if there are many.

    Rows are in the order of a hash, so the first of a class are as good as drawn at random.
    """
    if not labels:
        return []
    of_a_class = min(max(SAMPLES // len(labels), 1), SAMPLES_OF_A_CLASS)
    chosen = np.linspace(0, len(labels) - 1, min(len(labels), SAMPLES)).round().astype(int)
    samples = []
    for label in (labels[each] for each in chosen):
        rows = np.flatnonzero(images.found.kept & (images.labels == label))[:of_a_class]
        samples.append((label, [_thumbnail(images, row) for row in rows.tolist()]))
    return samples


def _thumbnail(images: Images, row: int) -> str:
    return thumbnail(images.table.pixels(np.array([row]))[0])


def _histogram(images: Images) -> list[tuple[str, list[tuple[int, float]]]]:
    """Rows of (pixels, for width and height: how many files and their share of the longest bar)."""
    sides = [images.table.facts[side].drop_null().to_numpy() for side in ("width", "height")]
    if not len(sides[0]):
        return []
    edges = _edges(int(min(map(np.min, sides))), int(max(map(np.max, sides))))
    counts = np.array([np.histogram(side, edges)[0] for side in sides])
    names = [
        f"{count(start)} to {count(end - 1)}" if end - start > 1 else count(start)
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    bars = counts.T / counts.max()
    return [
        (name, list(zip(numbers, shares, strict=True)))
        for name, numbers, shares in zip(names, counts.T.tolist(), bars.tolist(), strict=True)
    ]


def _edges(least: int, most: int) -> np.ndarray:
    """Whole numbers at which bins begin, and one beyond: even steps, or doublings of a wide range."""
    if most > BINS * least:
        return 2 ** np.arange(least.bit_length() - 1, most.bit_length() + 1)
    steps = (each * 10**power for power in range(9) for each in (1, 2, 5))
    step = next(each for each in steps if most // each - least // each < BINS)
    return np.arange(least // step, most // step + 2) * step


def _checks(images: Images, summary: dict[str, Any]) -> list[Check]:
    """All checks in order; those that found least leave the most room to the others."""
    told = _told(images, summary)
    left, shown = FLAGGED_BYTES, {}
    fewest_first = sorted(told, key=lambda name: len(told[name]))
    for others, name in zip(range(len(told), 0, -1), fewest_first, strict=True):
        shown[name] = _shown(images, told[name], left // others)
        left -= sum(finding.bytes for finding in shown[name])
    return [
        Check(
            name,
            _MEANINGS.get(name, ""),
            _limits(check),
            check["flagged"],
            "image" if not told[name] or "id" in told[name][0][0] else "class",
            _OUTCOMES[check["action"]],
            shown[name],
        )
        for name, check in summary["checks"].items()
    ]


def _limits(check: dict[str, Any]) -> str:
    """What else the summary tells of a check, in words."""
    limits = {key: check[key] for key in check if key not in ("action", "flagged")}
    return ", ".join(f"{key} {value:g}" for key, value in limits.items())


def _told(images: Images, summary: dict[str, Any]) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """For each check what the summary tells of its flags, and the flags."""
    told: dict[str, list[tuple[dict[str, Any], Any]]] = {name: [] for name in summary["checks"]}
    for text, flag in zip(summary["flagged"], images.found.flags, strict=True):
        told[flag.check].append((text, flag))
    return told


def _shown(
    images: Images, told: list[tuple[dict[str, Any], Any]], most_bytes: int
) -> list[Finding]:
    shown: list[Finding] = []
    told = told[:FLAGGED]
    with progress("data report", total=len(told)) as bar:
        for finding in counted(_findings(images, told), bar):
            most_bytes -= finding.bytes
            if most_bytes < 0:
                break
            shown.append(finding)
    return shown


def _findings(images: Images, told: list[tuple[dict[str, Any], Any]]) -> Iterator[Finding]:
    problem = images.table.facts["problem"]
    for text, flag in told:
        image = other = split = None
        if flag.row is not None:
            split = str(images.splits[flag.row])
            image = None if problem[flag.row].is_valid else _thumbnail(images, flag.row)
        if flag.other is not None:
            other = _thumbnail(images, flag.other)
        yield Finding(
            {key: _clipped(key, value) for key, value in text.items()}, split, image, other
        )


def _clipped(key: str, value: str) -> str:
    if key == "label":  # some scripts need characters that do not print
        return clip(value, MAX_LABEL)
    return clip(printable(value), LINE if key == "reason" else PATH)
