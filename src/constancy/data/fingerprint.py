"""Whether a source outside the project is still as it was, without reading its images."""

import hashlib
import os
from pathlib import Path

from constancy.paths import project_root
from constancy.settings.data import Data


def fingerprint(data: Data) -> str:
    """A digest of the source's name and, for local files, of their paths, sizes and times.

    It changes when an image is added, removed or written anew. What lies behind a URL is not
    looked at; a place that does not exist has a fingerprint too.
    """
    digest = hashlib.sha256(f"{data.source} {data.sha256}".encode())
    kind, _, place = data.source.partition(":")
    if kind in ("folder", "archive") and "://" not in place:
        for path, status in _files(project_root() / Path(place).expanduser()):
            digest.update(f"\0{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()


def _files(root: Path) -> list[tuple[str, os.stat_result]]:
    """Every file below a folder, or the file itself, in the order of their paths."""
    if root.is_file():
        return [("", root.stat())]
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            found.append((os.fsencode(path.relative_to(root)).hex(), path.lstat()))
    return sorted(found, key=lambda each: each[0])
