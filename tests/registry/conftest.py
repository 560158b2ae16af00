"""A migrated SQLite store, made once and copied for each test, and one real tracking server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import LocalServer, free_port, tracking_server
from tracked_project import Project, empty_store, project_in

from constancy.registry.store import quiet_mlflow

quiet_mlflow()  # before a test module imports MLflow


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def project(in_tmp: Path, params: dict, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in the current folder, with an empty store in it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return project_in(in_tmp, params, migrated)


@pytest.fixture
def nobody() -> str:
    """The address of a tracking server that is down."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until everything is sent, also where others keep the machine busy."""
    monkeypatch.setattr("constancy.registry.sender.GRACE_SECONDS", 60.0)


@pytest.fixture
def server(tmp_path: Path, migrated: Path) -> Iterator[LocalServer]:
    """A real `mlflow server` with a store of its own; a test may stop it."""
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copyfile(migrated, folder / "server.db")
    with tracking_server(folder) as running:
        yield running
