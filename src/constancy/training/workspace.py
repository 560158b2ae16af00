"""Where a training keeps its state while it runs: outside the outputs that DVC manages."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from constancy.locks import held

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
