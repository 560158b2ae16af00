"""Whether a source outside the project is still as it was, without reading its images."""

import hashlib
import os
from pathlib import Path

from constancy.errors import UserError
from constancy.paths import in_project
from constancy.settings.data import Data


def fingerprint(data: Data) -> str:
    """A digest of the source's name and, for local files, of their paths, sizes and times.

    It changes when an image is added, removed or written anew. What lies behind a URL or a name is
    not looked at; a place that does not exist has a fingerprint too.
    """
    digest = hashlib.sha256(f"{data.source} {data.root} {data.sha256}".encode())
    for path in _files(data):
        digest.update(f"\0{os.fsencode(path).hex()}\0{_status(path)}".encode())
    return digest.hexdigest()


def _files(data: Data) -> list[Path]:
    """The local files that the source consists of, as far as names tell."""
    from constancy.data.sources.files import image_files

    named = data.root if data.kind == "torchvision" else data.place.removeprefix("file://")
    if not named or "://" in named:
        return []
    place = in_project(named)
    if place.is_dir():
        return (
            image_files(place)
            if data.kind == "folder"
            else sorted(path for path in place.rglob("*") if path.is_file())
        )
    return [place, *(_listed(place) if data.kind == "manifest" and place.is_file() else [])]


def _listed(manifest: Path) -> list[Path]:
    from constancy.data.sources.manifest import read_manifest

    try:
        rows = read_manifest(manifest, manifest.name)
    except UserError:
        return []  # the stage tells of it
    return [manifest.parent / path for path, *_ in rows if "://" not in path]


def _status(path: Path) -> str:
    try:
        status = path.lstat()
    except (OSError, ValueError):  # the latter for a name that no file can have
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"
