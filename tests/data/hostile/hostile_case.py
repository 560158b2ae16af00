"""A case of hostile or broken input: how its source is made, and what is to become of it."""

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from images import encoded

Quadrants = tuple[tuple[int, int, int], ...]
"""Colours at the top left, top right, bottom left and bottom right."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of the odd files; all that is not named here is expected not to be.

    kept: (path, label) of those that remain; shows: path: (quadrants, greatest difference);
    flagged: (path, check, pattern of the reason); skipped: {reason: how many}; refused: pattern of
    the message that ends it all; without: healthy files that the odd ones replace.
    """

    kept: tuple[tuple[str, str], ...] = ()
    shows: Mapping[str, tuple[Quadrants, int]] = field(default_factory=dict)
    flagged: tuple[tuple[str, str, str], ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    refused: str | None = None
    without: tuple[str, ...] = ()

    def __or__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.kept + other.kept,
            {**self.shows, **other.shows},
            self.flagged + other.flagged,
            {**self.skipped, **other.skipped},
            self.refused or other.refused,
            self.without + other.without,
        )


def kept(path: str = "cat/odd.png", label: str | None = None) -> Outcome:
    return Outcome(kept=((path, path.split("/")[0] if label is None else label),))


def converted(path: str, quadrants: Quadrants, within: int = 0) -> Outcome:
    return replace(kept(path), shows={path: (quadrants, within)})


def quarantined(reason: str, path: str = "cat/odd.png") -> Outcome:
    return flagged("unreadable", reason, path)


def flagged(check: str, reason: str, path: str = "cat/odd.png") -> Outcome:
    """Flagged; whether it is kept is for `kept` to say."""
    return Outcome(flagged=((path, check, reason),))


def skipped(reason: str, count: int = 1) -> Outcome:
    return Outcome(skipped={reason: count})


def refused(message: str) -> Outcome:
    return Outcome(refused=message)


@dataclass(frozen=True)
class Case:
    """build: makes the source in an empty folder, and gives the file or folder that it is.

    limits: {constant of constancy.data: value} to make a small attack a large one.
    """

    name: str
    kind: str
    build: Callable[[Path], Path]
    outcome: Outcome
    limits: Mapping[str, int] = field(default_factory=dict)


@cache
def healthy() -> dict[str, bytes]:
    """Files of two classes without any fault."""
    return {f"{('cat', 'dog')[n % 2]}/{n}.png": encoded(n) for n in range(24)}


@cache
def good() -> bytes:
    """An image that is none of the healthy ones."""
    return encoded(1000)


def folder_case(
    name: str,
    files: Mapping[str, bytes],
    outcome: Outcome,
    more: Callable[[Path], object] | None = None,
) -> Case:
    """A folder with odd files; `more` puts into it what is no file."""

    def build(place: Path) -> Path:
        root = place / "pets"
        for path, data in {**healthy(), **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        if more:
            more(root)
        return root

    return Case(name, "folder", build, outcome)


@dataclass(frozen=True)
class Member:
    """A member of an archive: of a tar with attributes of a TarInfo, of a zip with a ZipInfo's."""

    name: str
    data: bytes = b""
    more: Mapping[str, object] = field(default_factory=dict)


def tar_bytes(*members: Member, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for path, data in healthy().items():
            _add(tar, Member(path, data))
        for member in members:
            _add(tar, member)
    return buffer.getvalue()


def zip_bytes(*members: Member) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path, data in healthy().items():
            bundle.writestr(path, data)
        for member in members:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = member.name  # as it is, also where that is no name
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in member.more.items():
                setattr(info, attribute, value)
            bundle.writestr(info, member.data)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, member: Member) -> None:
    info = tarfile.TarInfo(member.name)
    info.size = len(member.data)
    for attribute, value in member.more.items():
        setattr(info, attribute, value)
    tar.addfile(info, io.BytesIO(member.data))


def archive_case(
    name: str, data: Callable[[], bytes], outcome: Outcome, file: str = "pets.tar.gz", **limits: int
) -> Case:
    def build(place: Path) -> Path:
        (place / file).write_bytes(data())
        return place / file

    return Case(name, "archive", build, outcome, {f"archives.{key}": limits[key] for key in limits})


def tar_case(name: str, outcome: Outcome, *members: Member, **limits: int) -> Case:
    """A tar.gz of the healthy files and these."""
    return archive_case(f"tar: {name}", lambda: tar_bytes(*members, mode="w:gz"), outcome, **limits)


def zip_case(name: str, outcome: Outcome, *members: Member, **limits: int) -> Case:
    """A zip of the healthy files and these."""
    return archive_case(f"zip: {name}", lambda: zip_bytes(*members), outcome, "pets.zip", **limits)


HEADER = ("path", "label")


def csv_bytes(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    """The healthy files and these rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for path in healthy():
        writer.writerow([path, path.split("/")[0], *[""] * (len(header) - 2)])
    writer.writerows(rows)
    return text.getvalue().encode()


def manifest_case(
    name: str,
    table: Callable[[], bytes],
    outcome: Outcome,
    file: str = "pets.csv",
    more: Callable[[Path], object] | None = None,
    **limits: int,
) -> Case:
    """A manifest beside the healthy files and a good image, cat/odd.png."""

    def build(place: Path) -> Path:
        for path, data in {**healthy(), "cat/odd.png": good()}.items():
            (place / path).parent.mkdir(exist_ok=True)
            (place / path).write_bytes(data)
        (place / file).write_bytes(table())
        if more:
            more(place)
        return place / file

    limits_ = {f"sources.manifest.{key}": limits[key] for key in limits}
    return Case(f"manifest: {name}", "manifest", build, outcome, limits_)
