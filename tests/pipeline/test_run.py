"""Runs of the pipeline: what is run again, beside each other, and what ends them."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from images import encoded, image_folder
from mlflow import MlflowClient
from project import Project
from ruamel.yaml import YAML

from constancy.models.disk import weights_digest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_only_what_changed_runs_again(small_project: Project) -> None:
    small_project.set({"evaluate.examples": 3})
    done = small_project.run("constancy", "run")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"Running stage '(\w+)'", done.stdout) == ["evaluate", "register"]
    assert small_project.json("reports/decision.json")["version"] == 1  # the same model


@pytest.fixture
def pets(small_project: Project) -> tuple[Project, Path]:
    """A project of a folder outside what DVC watches, with the two stages that read images."""
    file = small_project.folder / "dvc.yaml"
    stages = YAML(typ="safe").load(file.read_text())["stages"]
    YAML().dump({"stages": {name: stages[name] for name in ("fetch", "prepare")}}, file)
    small_project.set({"data.source": "folder:pets"})
    return small_project, image_folder(small_project.folder / "pets", {"cat": 30, "dog": 30})


def test_new_images_in_a_folder_are_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    first = project.run("constancy", "run")
    assert first.returncode == 0, first.stdout + first.stderr
    assert project.json("reports/fetch.json")["images"] == 60
    again = project.run("constancy", "run")
    assert "Nothing has changed" in again.stdout
    (images / "cat" / "new.png").write_bytes(encoded(999))
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 61


def test_a_source_that_was_mended_after_an_error_is_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    (aside := project.folder / "aside").mkdir()
    for dog in sorted((images / "dog").iterdir())[2:]:
        dog.rename(aside / dog.name)
    first = project.run("constancy", "run")
    assert first.returncode == 2, first.stdout + first.stderr
    assert "'dog' has 2 of the 10 images" in first.stderr.splitlines()[-1]
    for dog in aside.iterdir():
        dog.rename(images / "dog" / dog.name)
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 60


def test_a_source_that_changes_after_dvc_repro_is_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    first = project.run("dvc", "repro")
    assert first.returncode == 0, first.stdout + first.stderr
    (images / "cat" / "new.png").write_bytes(encoded(999))
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 61


@contextmanager
def training(project: Project) -> Iterator["subprocess.Popen[str]"]:
    """`constancy run` in the middle of a long training; it is ended with the block."""
    project.set({"train.epochs": 10_000, "train.patience": 10_000})
    shutil.rmtree(project.folder / ".constancy" / "training")
    with subprocess.Popen(
        project.arguments("constancy", "run"),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while not list(project.folder.glob(".constancy/training/*/history.csv")):
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has ended
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_end_ends_the_stage_too(small_project: Project, number: int) -> None:
    with training(small_project) as process:
        assert any("pipelines/train.py" in each for each in processes_in(small_project.folder))
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "BrokenPipeError" not in told
    if number == signal.SIGTERM:
        assert "Traceback" not in told
    assert processes_in(small_project.folder) == []


def test_a_second_run_meanwhile_says_who_is_at_work(small_project: Project) -> None:
    with training(small_project):
        second = small_project.run("constancy", "run")
    assert second.returncode == 2
    sentence = r"constancy: process (\d+) is running this pipeline already: wait .*\n"
    assert re.fullmatch(sentence, second.stderr), second.stderr


def test_other_images_than_those_of_validation_choose_no_epoch(small_project: Project) -> None:
    suites = small_project.folder / "data/suites"
    shutil.rmtree(suites / "validation")
    shutil.copytree(suites / "test", suites / "validation")
    done = small_project.run("python", "pipelines/train.py")
    assert done.returncode == 2
    assert "was made from another validation split than the one at hand" in done.stderr


def test_two_processes_train_one_model_in_one_run(small_project: Project) -> None:
    small_project.set(
        {"train.accelerator": "cpu", "train.devices": 2, "train.strategy": "ddp", "train.epochs": 1}
    )
    store = f"sqlite:///{small_project.folder / 'mlflow.db'}"
    before = len(MlflowClient(store).search_runs(["1"]))
    done = small_project.run("dvc", "repro", "train")
    assert done.returncode == 0, done.stdout + done.stderr
    assert small_project.json("reports/run.json")["epochs"] == 1
    assert len(MlflowClient(store).search_runs(["1"])) == before + 1
    assert weights_digest(small_project.folder / "models/candidate")
