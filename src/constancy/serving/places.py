"""Where the images lie that `constancy predict` is asked about."""

import glob
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

from constancy.addresses import without_secrets
from constancy.data.archives import open_archive
from constancy.data.labels import printable
from constancy.data.layout import EXTENSIONS, skip_reason
from constancy.data.reading import MAX_FILE_BYTES, read_file
from constancy.data.small_files import Problem, read_all
from constancy.data.sources.files import image_files, last_of_each
from constancy.data.sources.manifest import check_path, read_paths
from constancy.errors import UserError
from constancy.paths import leaving_project_alone

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MANIFESTS = (".csv", ".parquet")

Bytes = tuple[bytes, str | None]
"""Of an image file; or none, and in one phrase why."""


@dataclass(frozen=True)
class Images:
    """The images of one place.

    paths: what each is called, as text that can be printed; read: its bytes by its number, from
    any thread.
    """

    paths: Sequence[str]
    read: Callable[[int], Bytes]


def find_images(places: Iterable[str], opened: ExitStack) -> list[Images]:
    """The images at each place, in order: of folders and archives those with an image's name.

    places: image files, folders, globs (for the image files that match), archives and manifests. A
    place that cannot be used is an image that cannot be read. opened: keeps archives open.
    Raises UserError if there is not one image.
    """
    places = list(places)
    found = [_images(place, opened) for place in places]
    if not any(images.paths for images in found):
        raise UserError(
            f"there are no images in {', '.join(map(printable, places))}: files there must end in "
            f"{', '.join(sorted(EXTENSIONS))}"
        )
    return found


def _images(place: str, opened: ExitStack) -> Images:
    path = Path(place)
    name = path.name.lower()
    try:
        if path.is_dir():
            return _of_files(image_files(path))
        if path.is_file() and name.endswith(ARCHIVES):
            return _of_archive(path, opened)
        if path.is_file() and name.endswith(MANIFESTS):
            return _of_manifest(path)
        if glob.has_magic(place) and not path.exists():
            # Path.glob takes no pattern from the root on, and would enter hidden folders.
            matches = sorted(map(Path, glob.glob(place, recursive=True)))  # noqa: PTH207
            files = [each for each in matches if not skip_reason(each.name) and each.is_file()]
            return _of_files(files or [path])
    except (UserError, OSError, ValueError) as error:
        return _none(place, error)
    return _of_files([path])


def _of_files(files: Sequence[Path]) -> Images:
    names = [str(file) for file in files]  # which take less memory than paths
    return Images([printable(name) for name in names], lambda n: read_file(Path(names[n])))


def _of_archive(path: Path, opened: ExitStack) -> Images:
    with leaving_project_alone(Path(gettempdir())):  # what is unpacked belongs to no project
        archive = opened.enter_context(open_archive(path, lambda name: skip_reason(name) is None))
    numbers, lock = last_of_each(archive.paths), threading.Lock()

    def read(number: int) -> Bytes:
        try:
            with lock:  # a zip file is one for all threads
                return archive.read(numbers[number]), None
        except UserError as error:
            return b"", str(error)

    return Images([printable(f"{path}/{archive.paths[number]}") for number in numbers], read)


def _of_manifest(path: Path) -> Images:
    rows = read_paths(path, path.name)

    def read(number: int) -> Bytes:
        try:
            checked = check_path(rows[number], f"{path.name}, row {number + 1}")
            return _fetch(checked) if "://" in checked else read_file(path.parent / checked)
        except UserError as error:
            return b"", _reason(error)

    def name(row: str) -> str:
        return printable(without_secrets(row) if "://" in row else str(path.parent / row))

    return Images([name(row) for row in rows], read)


def _fetch(url: str) -> Bytes:
    (answer,) = read_all([url], limit=MAX_FILE_BYTES)
    return (b"", answer.reason) if isinstance(answer, Problem) else (answer, None)


def _none(place: str, error: Exception) -> Images:
    reason = _reason(error)
    return Images([printable(place)], lambda _: (b"", reason))


def _reason(error: Exception) -> str:
    """What a source would say of itself if it were the project's."""
    return str(error).removeprefix("data.source: ")
