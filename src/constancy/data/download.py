"""Remote archives: fetched to a temporary file, checked, then used."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from constancy.errors import UserError
from constancy.paths import project_root
from constancy.progress import progress

CHUNK = 2**20


@contextmanager
def local_archive(place: str, sha256: str | None) -> Iterator[Path]:
    """The archive at a path (relative to the project) or URL, as a local file, its hash checked.

    A downloaded copy is removed when the block ends. Raises UserError for a place that cannot be
    reached and for a hash that differs from `sha256`.
    """
    if "://" not in place:
        path = project_root() / Path(place).expanduser()
        if not path.is_file():
            raise UserError(f"data.source: there is no archive at {place}")
        if sha256:
            _check(_digest(path), sha256, place)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="constancy-") as folder:
        path = Path(folder) / (place.rstrip("/").rsplit("/", 1)[-1] or "archive")
        digest = _download(place, path)
        if sha256:
            _check(digest, sha256, place)
        yield path


def _download(url: str, path: Path) -> str:
    """Copy a URL to a file; returns the SHA-256 of what came."""
    import fsspec

    digest = hashlib.sha256()
    try:
        with fsspec.open(url, "rb") as source, path.open("wb") as target:
            size = getattr(source, "size", None)
            with progress("download", total=size, unit="byte") as bar:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
    except (ValueError, ImportError) as error:  # unknown or not installed protocol
        raise UserError(f"data.source: {url} cannot be read: {error}") from None
    except Exception as error:
        if isinstance(error, OSError) and error.filename == str(path):
            raise  # our own disk, not the other side
        # fsspec tells of a refused connection as of a missing file; the cause beneath knows better.
        cause = error.__cause__ or error
        reason = str(cause) or type(cause).__name__
        raise UserError(f"data.source: {url} could not be fetched: {reason}") from None
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(digest: str, expected: str, place: str) -> None:
    if digest != expected:
        raise UserError(
            f"data.sha256: {place} has the hash {digest}, not {expected}: "
            "fetch the right file, or correct data.sha256 if this one is meant"
        )
