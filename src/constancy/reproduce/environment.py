"""What computes here, against what computed a version."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from constancy.registry.lineage import THREADS_TAG, machine_tags
from constancy.reproduce.outcome import Difference

UNKNOWN = "none recorded"


def unlike_lock(lock: Path) -> list[Difference]:
    """The packages of a requirements.lock that are installed in another version, or not at all.

    A lock that is not there asks for nothing.
    """
    from packaging.requirements import Requirement

    text = lock.read_text(encoding="utf-8") if lock.exists() else ""
    found = []
    for line in re.findall(r"^\w[^\\\n]*", text, re.MULTILINE):
        pinned = Requirement(line)
        if pinned.marker and not pinned.marker.evaluate():
            continue
        installed = _installed(pinned.name)
        if installed is None or not pinned.specifier.contains(installed, prereleases=True):
            locked = str(pinned.specifier).removeprefix("==")
            found.append(Difference(pinned.name, locked, installed or "not installed"))
    return found


def unlike(tags: dict[str, str], here: dict[str, str]) -> list[Difference]:
    """What a run's tags say otherwise than those from here."""
    return [
        Difference(name, tags.get(name) or UNKNOWN, value or "none")
        for name, value in here.items()
        if tags.get(name, "") != value
    ]


def machine_like(tags: dict[str, str]) -> dict[str, str]:
    """The tags of this machine with as many threads as a run had, if that is recorded."""
    here = machine_tags()
    return here | {THREADS_TAG: tags.get(THREADS_TAG, here[THREADS_TAG])}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
