"""Work that one process does at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from constancy.errors import UserError
from constancy.files import write_text


@contextmanager
def held(lock: Path, doing: str) -> Iterator[None]:
    """Within the block, this process holds the lock, and its id is beside it.

    Raises UserError where another one holds it: with its id and what it is doing. DVC may have been
    killed and the process that it started live on.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    owner = lock.with_suffix(".pid")
    try:
        with FileLock(lock, timeout=0):
            write_text(owner, str(os.getpid()))
            yield
    except Timeout:
        number = owner.read_text(encoding="utf-8") if owner.exists() else "unknown"
        raise UserError(
            f"process {number} {doing}: wait for it, or stop it: kill {number}"
        ) from None
