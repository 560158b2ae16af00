"""A clone of this repository with a registered version that nobody trained."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import Project as Clone
from project import clone
from tracked_project import Project, empty_store

from constancy.files import read_yaml
from constancy.settings import load_settings


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone to copy."""
    return clone(tmp_path_factory.mktemp("pristine") / "project").folder


@dataclass(frozen=True)
class Registered:
    """A clone that is the current folder."""

    clone: Clone

    def register(self) -> None:
        """Register a version as if it had been trained at the clone's state of now."""
        values = read_yaml("params.yaml")
        Project(load_settings(), values).register()


@pytest.fixture
def project(
    pristine: Path, migrated: Path, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> Registered:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = in_tmp / "project"
    shutil.copytree(pristine, folder)
    shutil.copyfile(migrated, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    return Registered(Clone(folder))
