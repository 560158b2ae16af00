"""What all tests share."""

import os
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings
from project import SMALL, Project, clone

# Before any test imports a library that would ask the network or print a banner.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MPLBACKEND", "Agg")
# Threads that wait for each other let go of the cores, on which other tests run.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# How long an example takes hangs on what runs beside it.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

PROJECT = Path(__file__).resolve().parents[1]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: processes that start and servers that answer leave gaps."""
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what runs the whole pipeline, which takes longest, so that it does not end last."""
    items.sort(key=lambda item: item.path.parent.name != "pipeline")  # files keep their order


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def committed() -> dict:
    """The committed params.yaml as plain values. Do not change them."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load((PROJECT / "params.yaml").read_text())


@pytest.fixture
def params(committed: dict) -> dict:
    """A copy of them, to change and check."""
    return deepcopy(committed)


def run_once(factory: pytest.TempPathFactory, name: str, values: dict[str, Any]) -> Project:
    """A clone in which the whole pipeline ran once, with what it said in run.log.

    The first of the test processes that asks for it runs it, the others wait and share it.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project = Project(shared / name)
    with FileLock(shared / f"{name}.lock"):
        if not (log := project.folder / "run.log").exists():
            shutil.rmtree(project.folder, ignore_errors=True)  # of a run that failed
            clone(project.folder)
            project.set(values)
            project.commit(name)
            done = project.run("constancy", "run")
            assert done.returncode == 0, done.stdout + done.stderr
            log.write_text(done.stdout + done.stderr)
    return project


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone in which the whole pipeline ran once with the committed params. Do not change it."""
    return run_once(tmp_path_factory, "finished", {})


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone in which the whole pipeline ran once with small params. Do not change it."""
    return run_once(tmp_path_factory, "small", SMALL)


@pytest.fixture
def small_project(small_run: Project, tmp_path: Path) -> Project:
    """A copy of the small run, to change and break."""
    folder = tmp_path / "project"
    shutil.copytree(small_run.folder, folder)
    return Project(folder)
