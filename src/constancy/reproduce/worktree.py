"""A project as it was at a commit, beside the project and never in its way."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from constancy.errors import UserError
from constancy.locks import held
from constancy.paths import STATE, project_root
from constancy.registry.lineage import git

FOLDER = STATE / "reproduce"


@contextmanager
def worktree_at(commit: str) -> Iterator[Path]:
    """Within the block, the project's folder in a git worktree of that commit; gone after it.

    It goes with Ctrl-C, SIGTERM and SIGHUP, too; what a killed process left is removed first.
    Raises UserError if another process is at it in this project, or git cannot make it.
    """
    root, inside = project_root(), git("rev-parse", "--show-prefix") or ""
    tree, lock = root / FOLDER, root / STATE / "reproduce.lock"
    with held(lock, "is reproducing a version of this project"), _signals_raise():
        _remove(tree)
        try:
            _add(tree, commit)
            yield tree / inside
        finally:
            _remove(tree)


def _add(tree: Path, commit: str) -> None:
    # Hooks of the user's, such as DVC's own, are meant for the user's tree.
    options = ["-c", "core.hooksPath=/dev/null"]
    command = ["git", *options, "worktree", "add", "--detach", str(tree), commit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise UserError(f"git cannot check out {commit} into {tree}: {reason}")


def _remove(tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    # What git still knows of it; by force, for it is locked where git was killed while making it.
    git("worktree", "remove", "--force", "--force", str(tree))


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Within the block, signals to end raise SystemExit, so that blocks around are left in order."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    both = (signal.SIGTERM, signal.SIGHUP)
    heeded = [each for each in both if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, end) for each in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
