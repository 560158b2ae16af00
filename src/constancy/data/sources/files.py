"""Folders of class folders, as they lie on the disk or packed into an archive."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from constancy.data.archives import open_archive as open_packed
from constancy.data.download import local_file
from constancy.data.labels import printable
from constancy.data.layout import EXTENSIONS, find_layout, skip_reason
from constancy.data.reading import NO_FILE, read_file
from constancy.data.sources.source import Source
from constancy.data.table import Sample
from constancy.errors import UserError
from constancy.paths import in_project

_SHOWN = 200  # characters of a path in a message


@contextmanager
def open_folder(place: str) -> Iterator[Source]:
    """A folder, relative to the project's; links in it are followed. Raises UserError."""
    root = in_project(place)
    if root.is_file():
        raise UserError(f"data.source: {place} is a file: use archive:{place} for an archive")
    if not root.is_dir():
        raise UserError(f"data.source: there is no folder at {place}")
    skipped: Counter[str] = Counter()
    paths = sorted(_image_files(root, skipped))
    yield _source(place, paths, lambda number: read_file(root / paths[number]), skipped)


@contextmanager
def open_archive(place: str, sha256: str | None) -> Iterator[Source]:
    """An archive at a path, relative to the project's folder, or at a URL. Raises UserError."""
    unwanted: Counter[str] = Counter()

    def wanted(path: str) -> bool:
        reason = skip_reason(path)
        if reason:
            unwanted[reason] += 1
        return reason is None

    with local_file(place, sha256) as file, open_packed(file, wanted) as archive:
        skipped = archive.skipped + unwanted
        yield _source(file.name, archive.paths, lambda n: (archive.read(n), None), skipped)


def _source(
    place: str,
    paths: Sequence[str],
    read: Callable[[int], tuple[bytes, str | None]],
    skipped: Counter[str],
) -> Source:
    """The images among files. read: bytes of the file of that number, and what is wrong with it."""
    layout = find_layout(paths)
    wanted = last_of_each(paths)
    if again := len(paths) - len(wanted):
        skipped["given again further on"] += again
    total = sum(layout.place(paths[number]) is not None for number in wanted)
    if stray := len(wanted) - total:
        skipped["in no class folder"] += stray
    if not total:
        raise UserError(
            f"data.source: {place} holds no images in class folders: it needs one folder for "
            f"each class, with files that end in {', '.join(sorted(EXTENSIONS))}"
        )

    def samples() -> Iterator[Sample]:
        for number in wanted:
            path = paths[number]
            if where := layout.place(path):
                data, problem = read(number)
                yield Sample(path, where.label, data, where.split, problem=problem)

    return Source(total, samples(), skipped)


def _refuse(error: OSError) -> NoReturn:
    reason = (error.strerror or str(error)).lower()
    place = printable(str(error.filename))
    shown = place if len(place) <= _SHOWN else f"{place[:_SHOWN]}..."
    raise UserError(
        f"data.source: the folder {shown} cannot be read ({reason}), and nobody knows what it holds: "
        "make it readable, or take it out"
    )


def last_of_each(paths: Sequence[str]) -> Sequence[int]:
    """Numbers of the paths without those given again later, as unpacking an archive would do."""
    if len(set(paths)) == len(paths):
        return range(len(paths))
    return sorted({path: number for number, path in enumerate(paths)}.values())


def image_files(root: Path) -> list[Path]:
    """The files of a folder that `open_folder` would read, in order."""
    return [root / path for path in sorted(_image_files(root, Counter()))]


def _image_files(root: Path, skipped: Counter[str]) -> Iterator[str]:
    """The files below `root` that may be images, as paths from there; the rest is counted."""
    entered = set()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_refuse):
        here = os.path.realpath(folder)
        if here in entered:  # a link that leads back up, or twice to the same place
            skipped["folder seen before"] += 1
            folders.clear()
            continue
        entered.add(here)
        folders.sort()
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            reason = skip_reason(relative) or (None if path.is_file() else NO_FILE)
            if reason is None:
                yield relative
            else:
                skipped[reason] += 1
