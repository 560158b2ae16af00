"""Where a training keeps its state while it runs: outside the outputs that DVC manages."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from constancy.errors import UserError
from constancy.files import write_text

_DONE = ".done"


def workspace_key(*inputs: Any) -> str:
    """A name for a training made of all that decides its outcome, as plain values."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def open_workspace(root: Path, key: str) -> Iterator[Path]:
    """The folder `root`/`key`, held by this process alone until the block ends well, and then gone.

    It holds what a training on the same inputs left there that did not end well; else it is empty.
    Raises UserError if another process trains on the same inputs.
    """
    folder, done = root / key, root / f"{key}{_DONE}"
    with held(root / f"{key}.lock", "is training on the same inputs"):
        shutil.rmtree(done, ignore_errors=True)  # of a process that was killed in the end
        folder.mkdir(exist_ok=True)
        yield folder
        # Out of sight at once: processes on other machines may look into it before it is all gone.
        folder.rename(done)
        shutil.rmtree(done, ignore_errors=True)


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
