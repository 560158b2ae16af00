"""`dvc repro` that is killed in the middle of training, with and without the stage that it started."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from project import Project

from constancy.models.disk import weights_digest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@contextmanager
def training(project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """`dvc repro` in a session of its own, with the state of its training saved."""
    command, folder = project.arguments("dvc", "repro", "train"), project.folder
    out = (folder / "repro.log").open("w")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=project.environment(),
        stdout=out,
        stderr=out,
        start_new_session=True,
    )
    try:
        while not list(folder.glob(".constancy/training/*/last.ckpt")):
            assert process.poll() is None, (folder / "repro.log").read_text()
            time.sleep(0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def trained(project: Project) -> str:
    """What `dvc repro` told."""
    done = project.run("dvc", "repro", "train")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_killed_with_its_stage_it_goes_on_and_ends_with_the_same_bits(
    small_project: Project, tmp_path: Path
) -> None:
    small_project.set({"train.epochs": 12, "train.patience": 12})
    shutil.copytree(small_project.folder, whole := tmp_path / "whole")
    shutil.rmtree(small_project.folder / ".constancy" / "training")
    before = weights_digest(small_project.folder / "models/candidate")
    with training(small_project) as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert weights_digest(small_project.folder / "models/candidate") == before
    assert "train: going on in epoch" in trained(small_project)
    assert "going on" not in trained(Project(whole))
    for output in ("models/candidate", "reports/history.csv", "reports/run.json"):
        one, other = small_project.folder / output, whole / output
        files = [file.relative_to(one) for file in one.rglob("*")] if one.is_dir() else [Path()]
        for file in files:
            assert (one / file).read_bytes() == (other / file).read_bytes(), output


def test_a_stage_that_outlives_it_is_named_by_the_next_one_and_its_state_is_for_its_settings(
    small_project: Project,
) -> None:
    small_project.set({"train.epochs": 10_000, "train.patience": 10_000})
    shutil.rmtree(small_project.folder / ".constancy" / "training")
    with training(small_project) as process:
        process.kill()
        process.wait()
        second = small_project.run("dvc", "repro", "train")
        assert second.returncode != 0
        named = re.search(r"process (\d+) is training in this folder: .*kill \1", second.stderr)
        assert named, second.stdout + second.stderr
        orphan = int(named[1])
        command = Path(f"/proc/{orphan}/cmdline").read_text()
        assert "pipelines/train.py" in command
        os.kill(orphan, signal.SIGTERM)
        end = time.monotonic() + 10
        while Path(f"/proc/{orphan}").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
    assert list(small_project.folder.glob(".constancy/training/*/last.ckpt"))
    small_project.set({"train.epochs": 1})
    assert "going on" not in trained(small_project)  # a changed parameter starts afresh
