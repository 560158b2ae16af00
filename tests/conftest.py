"""What all tests share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import SMALL, Project, clone

# Before any test imports a library that would ask the network or print a banner.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MPLBACKEND", "Agg")
# Threads that wait for each other let go of the cores, on which other tests run.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

PROJECT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests among processes so that what is costly to set up is set up once.

    Whatever runs the whole pipeline goes to one process, and begins at once: two trainings beside
    each other take longer than one after the other. Of the rest, each file goes to one.
    """

    def group(item: pytest.Item) -> str:
        runs = {"small_run", "finished_project"} & set(getattr(item, "fixturenames", ()))
        return "pipeline" if runs or item.path.parent.name == "pipeline" else str(item.path)

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: group(item) != "pipeline")  # stable: files keep their order


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The committed params.yaml as plain values, to change and check."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load((PROJECT / "params.yaml").read_text())


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A clone in which the whole pipeline ran once with the committed params. Do not change it."""
    project = clone(tmp_path_factory.mktemp("finished") / "project")
    done = project.run("constancy", "run")
    (project.folder / "run.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    yield project
    shutil.rmtree(project.folder)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A clone in which the whole pipeline ran once with small params. Do not change it."""
    project = clone(tmp_path_factory.mktemp("small") / "project")
    project.set(SMALL)
    project.commit("small")
    done = project.run("constancy", "run")
    assert done.returncode == 0, done.stdout + done.stderr
    yield project
    shutil.rmtree(project.folder)


@pytest.fixture
def small_project(small_run: Project, tmp_path: Path) -> Project:
    """A copy of the small run, to change and break."""
    folder = tmp_path / "project"
    shutil.copytree(small_run.folder, folder)
    return Project(folder)
