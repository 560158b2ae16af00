"""The journal of a run: whatever is to be tracked goes to a local file first, and to the store later.

A file of JSON lines, each an event: its kind and its content. It needs no server, a write takes
microseconds, and a process that is killed leaves at most one torn line, which readers skip.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import uuid4

from constancy.files import replacing
from constancy.paths import state_folder
from constancy.stage import warn

_SUFFIX = ".jsonl"


class Event(NamedTuple):
    """Something that happened to a run, by its kind.

    begin: {"experiment", "key", "time"}, the first of every journal; key: of the training's inputs.
    params, tags, texts: values by name; texts become files of the run.
    input: a data set, {"name", "digest", "source"}.
    metrics: a list of (name, value, time, step).
    status: (status, time), in MLflow's words.

    Times are in milliseconds since 1970.
    """

    kind: str
    content: Any


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def read_events(path: Path, start: int = 0) -> Iterator[tuple[Event, int]]:
    """The events from a position on, each with the position after it; torn lines are passed over.

    A last line without its end may just be being written: it is left for the next time.
    """
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            start += len(line)
            with suppress(ValueError, TypeError):
                yield Event(*json.loads(line)), start


def find_journals() -> list[Path]:
    """The journals of this project."""
    return sorted(_folder().glob(f"*{_SUFFIX}"))


class Journal:
    """The journal of one run, held by this process alone until it is closed or the process ends.

    start, key: what it began with; status: of its run.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        """For `create` and `hold` only."""
        self.path = path
        self._descriptor = descriptor
        self._torn = False
        self._known: set[tuple[str, int]] = set()
        self.start = 0
        self.key = ""
        self.status = "RUNNING"
        for event, _ in read_events(path):
            match event:
                case ("begin", {"key": key, "time": start}):
                    self.key, self.start = key, start
                case ("status", [status, _]):
                    self.status = status
                case ("metrics", points):
                    self._known |= {(name, step) for name, _, _, step in points}

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self.path.stem

    @classmethod
    def create(cls, events: list[Event]) -> Self:
        """A new journal that begins with these events."""
        path = _folder() / f"{uuid4().hex}{_SUFFIX}"
        # It is held before others can see it.
        with replacing(path) as (new,):
            new.write_bytes(b"".join(map(_line, events)))
            descriptor = os.open(new, os.O_RDWR | os.O_APPEND)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(path, descriptor)

    @classmethod
    def hold(cls, path: Path) -> Self | None:
        """A journal that is there; None if a living process holds it or has just removed it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            return None
        journal = cls(path, descriptor)
        size = os.fstat(descriptor).st_size
        journal._torn = bool(size) and os.pread(descriptor, 1, size - 1) != b"\n"
        return journal

    def append(self, *events: Event) -> None:
        """Write events; if that cannot be done, one line says so and they are lost."""
        lines = b"".join(map(_line, events))
        if self._torn:
            lines = b"\n" + lines
        try:
            whole = os.write(self._descriptor, lines) == len(lines)
        except OSError as error:
            if not self._torn:
                warn(f"{self.path}: {error.strerror}; what should be tracked is lost meanwhile")
            whole = False
        self._torn = not whole

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Write metrics of a step, but for those that the journal had of it when it was opened.

        A training that goes on from its last checkpoint repeats the steps since.
        """
        time = now()
        points = [
            (name, float(value), time, step)
            for name, value in metrics.items()
            if (name, step) not in self._known
        ]
        if points:
            self.append(Event("metrics", points))

    def end(self, status: str, time: int | None = None) -> None:
        """Write that the run ended, now if no time is given: FINISHED, FAILED or KILLED."""
        self.status = status
        self.append(Event("status", (status, time or now())))

    def resume(self) -> None:
        """Write that the run goes on."""
        self.status = "RUNNING"
        self.append(Event("status", ("RUNNING", now())))

    def last_written(self) -> int:
        """When, in milliseconds since 1970."""
        return int(os.fstat(self._descriptor).st_mtime * 1000)

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


def _folder() -> Path:
    return state_folder() / "journal"


def _line(event: Event) -> bytes:
    return json.dumps(event).encode() + b"\n"
