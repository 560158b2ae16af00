"""A file from anywhere as a local one, its hash checked."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from constancy.addresses import without_secrets
from constancy.data.failures import (
    PassingError,
    Patience,
    RemoteError,
)
from constancy.data.remote import Facts, NoRangesError, Remote
from constancy.errors import UserError
from constancy.files import read_json, write_json
from constancy.paths import STATE, in_project, state_folder
from constancy.progress import progress

DOWNLOADS = STATE / "downloads"


@contextmanager
def local_file(place: str, sha256: str | None) -> Iterator[Path]:
    """The file at a path (relative to the project) or URL, as a local file, its hash checked.

    A download that was cut goes on from where it was, in this call or the next one. A copy that
    was downloaded is removed when the block ends. Raises UserError for a place that cannot be
    reached and for a hash that differs from `sha256`.
    """
    if "://" not in place or place.startswith("file://"):
        path = in_project(place.removeprefix("file://"))
        if not path.is_file():
            raise UserError(f"data.source: there is no file at {place}")
        _check(path, sha256, place)
        yield path
    else:
        with _downloaded(place, sha256) as path:
            yield path


@contextmanager
def _downloaded(url: str, sha256: str | None) -> Iterator[Path]:
    from filelock import FileLock

    folder = state_folder() / DOWNLOADS.name / hashlib.sha256(url.encode()).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Held until the copy is no longer used: whoever comes next must not find it half removed.
    with FileLock(f"{folder}.lock"):
        download = _Download(url, folder)
        try:
            download.finish()
        except RemoteError as error:
            place = without_secrets(url)
            raise UserError(f"data.source: {place} could not be fetched: {error}") from None
        try:
            _check(download.path, sha256, without_secrets(url))
            yield download.path
        finally:
            shutil.rmtree(folder)
            # Safe while it is held: whoever waits for this very file will see that it has no name.
            Path(f"{folder}.lock").unlink()


class _Download:
    """A part of a file that grows until it is whole, beside a note of which version it is of."""

    def __init__(self, url: str, folder: Path) -> None:
        # Messages about an archive tell its own name.
        name = re.split(r"[?#]", url)[0].rstrip("/").rpartition("/")[2][-60:]
        self.path = folder / ("file" if name in ("", ".", "..") else name)
        self._note = folder / f"{self.path.name}.json"
        self._url = url
        self._in_blocks = True
        self._patience = Patience()

    def finish(self) -> None:
        """Fetch what is missing, with new tries where that may help; raises RemoteError."""
        self._patience.bring(self._try)

    def _try(self) -> None:
        remote = Remote(self._url)
        facts = remote.facts()
        self._patience.heard()
        in_blocks = self._in_blocks and facts.in_blocks
        start = self._kept(facts) if in_blocks else 0
        if not start:
            self._begin(facts)
        blocks = remote.blocks(start) if in_blocks else remote.stream()
        try:
            for offset in self._append(blocks, start, facts.size):
                self._patience.heard(offset if in_blocks else 0)
        except NoRangesError:
            self._in_blocks = False
            raise
        size = self.path.stat().st_size
        if size != (facts.size or size):
            raise PassingError(f"{size:,} bytes came instead of {facts.size:,}")
        if in_blocks and remote.facts() != facts:
            raise PassingError("it changed while it was fetched")

    def _kept(self, facts: Facts) -> int:
        """How many bytes of this very version are there already."""
        try:
            same = read_json(self._note) == asdict(facts)
        except (FileNotFoundError, ValueError):  # none, or one that a power failure emptied
            same = False
        size = self.path.stat().st_size if same and self.path.exists() else 0
        return size if size <= (facts.size or 0) else 0

    def _begin(self, facts: Facts) -> None:
        # In this order: a new note must never lie beside an old part.
        self.path.unlink(missing_ok=True)
        write_json(self._note, asdict(facts))

    def _append(self, blocks: Iterator[bytes], start: int, size: int | None) -> Iterator[int]:
        """Write the blocks, one at each step; gives the file's length after it."""
        bar = progress("download", total=size, unit="byte")
        bar.initial = bar.n = bar.last_print_n = start
        with bar, self.path.open("ab") as target:
            for block in blocks:
                target.write(block)
                bar.update(len(block))
                yield target.tell()


def _check(path: Path, expected: str | None, place: str) -> None:
    if expected is None:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected:
        raise UserError(
            f"data.sha256: {place} has the hash {digest}, not {expected}: "
            "fetch the right file, or correct data.sha256 if this one is meant"
        )
