"""What every stage's entry point shares: checked settings in, and clear ends for users' mistakes."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from constancy.errors import UserError
from constancy.settings import Settings, load_settings

FAILURE_FILE = "CONSTANCY_FAILURE_FILE"
"""Variable that names a file in which a stage leaves its sentence for `constancy run` to repeat."""

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EACCES: "permission denied: make it writable and run again",
    errno.EPERM: "not permitted: make it writable and run again",
    errno.EROFS: "the file system is read-only: make it writable and run again",
}


def stage(work: Callable[[Settings], None]) -> Callable[[], None]:
    """Make an entry point of a function of the settings.

    params.yaml is read and checked, whole, before any work. A user's mistake ends the process with
    one sentence and exit code 2; anything else keeps its traceback.
    """

    @functools.wraps(work)
    def main() -> None:
        with_clear_ends(lambda: work(load_settings()))

    return main


def with_clear_ends(work: Callable[[], None]) -> None:
    """Run `work`; a UserError, a full disk or a missing permission ends in one sentence, exit 2."""
    try:
        work()
    except UserError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{_ADVICE[error.errno]}")


def fail(sentence: str) -> NoReturn:
    sentence = " ".join(sentence.split())
    print(f"constancy: {sentence}", file=sys.stderr)
    if path := os.environ.get(FAILURE_FILE):
        Path(path).write_text(sentence, encoding="utf-8")
    sys.exit(2)
