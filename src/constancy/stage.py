"""What every stage's entry point shares: checked settings in, and clear ends for users' mistakes."""

import errno
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.locks import held
from constancy.paths import STATE
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


def alone(work: Callable[[Settings], None]) -> Callable[[Settings], None]:
    """Let one process at a time do a stage's work in this folder.

    DVC may have been killed and the stage that it started live on: it would put its outputs in the
    place of newer ones. Raises UserError with its process id.
    """

    @functools.wraps(work)
    def guarded(settings: Settings) -> None:
        name = work.__name__
        with held(STATE / f"{name}.lock", f"is at work on the stage {name} in this folder"):
            work(settings)

    return guarded


def with_clear_ends(work: Callable[[], None]) -> None:
    """Run `work`; a UserError, a full disk or a missing permission ends in one sentence, exit 2."""
    try:
        work()
    except UserError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if not (advice := _advice(error)):
            raise
        fail(advice)


def _advice(error: OSError) -> str | None:
    """What to mend, and how, where the disk is full or a permission is missing; else None."""
    number, path = error.errno, error.filename2 or error.filename  # copying names its target second
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, path, reason = error.args[0][0]  # copying a folder tells of its errors in words alone
        told = re.search(r"\[Errno (\d+)\]", str(reason))
        number = int(told[1]) if told else None
    advice = _ADVICE.get(number or 0)
    if advice is None or not isinstance(path, str | bytes | os.PathLike):
        return advice
    place = _existing(Path(os.fsdecode(path)))
    if number in (errno.EACCES, errno.EPERM) and not os.access(place, os.R_OK):
        advice = advice.replace("writable", "readable")
    return f"{place}: {advice}"


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it if it is not there: temporary files never are."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path.absolute() if path == Path() else path


def fail(sentence: str) -> NoReturn:
    """End the process with one sentence and exit code 2."""
    sentence = without_secrets(" ".join(sentence.split()))
    print(f"constancy: {sentence}", file=sys.stderr)
    if path := os.environ.get(FAILURE_FILE):
        with suppress(OSError):  # standard error has the sentence already
            Path(path).write_text(sentence, encoding="utf-8")
    sys.exit(2)


def warn(message: str) -> None:
    """One line on standard error, without the passwords of addresses in it."""
    print(f"warning: {without_secrets(' '.join(message.split()))}", file=sys.stderr)
