"""Where a training keeps its checkpoints while it runs: outside the outputs that DVC manages."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from constancy.errors import UserError

_DONE = "done"


def workspace_key(*inputs: Any) -> str:
    """A name for a training made of all that decides its outcome, as plain values."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def open_workspace(root: Path, key: str) -> Iterator[Path]:
    """The folder `root`/`key`, held by this process alone until the block ends.

    Folders of trainings that ended well are removed when the next one starts; that of this one
    stays until then. Raises UserError if another process trains on the same inputs.
    """
    folder = root / key
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / f"{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"another process is training on the same inputs (it holds {lock.lock_file}): "
            "wait for it, or stop it"
        ) from None
    try:
        for done in root.glob(f"*/{_DONE}"):
            if done.parent != folder:
                shutil.rmtree(done.parent, ignore_errors=True)
        (folder / _DONE).unlink(missing_ok=True)
        yield folder
        (folder / _DONE).touch()
    finally:
        lock.release()
