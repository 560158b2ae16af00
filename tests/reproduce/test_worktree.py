"""Worktrees come and go, however their process ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from constancy.errors import UserError
from constancy.registry.lineage import git
from constancy.reproduce.worktree import FOLDER, worktree_at


@pytest.fixture
def repository(in_tmp: Path) -> Path:
    """A repository whose first commit has `notes`, in a folder of its own, and the second has not."""
    (project := in_tmp / "project").mkdir()
    os.chdir(project)  # `in_tmp` goes back
    (project / "notes").write_text("one")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    git("init", "-q", str(in_tmp))
    git("add", "notes")
    git(*identity, "commit", "-qm", "one")
    git("rm", "-q", "notes")
    git(*identity, "commit", "-qm", "two")
    hook = in_tmp / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {in_tmp}/hooked\n")
    hook.chmod(0o755)
    return in_tmp


def worktrees() -> int:
    listed = git("worktree", "list", "--porcelain")
    assert listed is not None
    return listed.count("worktree ")


def first() -> str:
    return git("rev-parse", "HEAD~1") or ""


def test_a_worktree_has_the_project_as_it_was_and_is_gone_afterwards(repository: Path) -> None:
    with worktree_at(first()) as tree:
        assert tree == repository / "project" / FOLDER / "project"
        assert (tree / "notes").read_text() == "one"
        assert worktrees() == 2
    assert worktrees() == 1
    assert not FOLDER.exists()
    assert not (repository / "hooked").exists()


def test_it_is_gone_after_an_error_too(repository: Path) -> None:
    with pytest.raises(ZeroDivisionError), worktree_at(first()):
        1 / 0  # noqa: B018
    assert worktrees() == 1


STAY = """
import sys, time
from constancy.reproduce.worktree import worktree_at
with worktree_at(sys.argv[1]) as tree:
    (tree / "ready").touch()
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_a_signal_leaves_is_gone_with_the_next(repository: Path, number: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", STAY, first()])
    while not (FOLDER / "project" / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    with pytest.raises(UserError, match=f"process {process.pid} is reproducing a version"):
        worktree_at(first()).__enter__()
    process.send_signal(number)
    process.wait(30)
    killed = number == signal.SIGKILL
    assert FOLDER.exists() == killed
    assert worktrees() == 1 + killed
    if number == signal.SIGTERM:
        assert process.returncode == 128 + number
    with worktree_at(first()) as tree:
        assert not (tree / "ready").exists()
    assert worktrees() == 1


def test_a_worktree_that_git_was_killed_in_making_is_gone_with_the_next(repository: Path) -> None:
    git("worktree", "add", "--detach", "--lock", str(FOLDER), first())
    (FOLDER / ".git").unlink()
    with worktree_at(first()) as tree:
        assert (tree / "notes").exists()
    assert worktrees() == 1
