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

PROJECT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests among processes so that what is costly to set up is set up once.

    Whatever uses one of the runs of the whole pipeline goes to one process, and begins at once;
    of the rest, each file does.
    """
    runs = ("small_run", "finished_project")

    def group(item: pytest.Item) -> str:
        used = getattr(item, "fixturenames", ())
        return next((run for run in runs if run in used), str(item.path))

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: group(item) not in runs)  # stable: files keep their order


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
