"""A model that knows the digits, and the same one registered as champion."""

from pathlib import Path

import numpy as np
import pytest
from tracked_project import Project, digits, empty_store, project_in, scores, write_trained_model

from constancy.files import write_json
from constancy.paths import METRICS
from constancy.registry.store import quiet_mlflow

quiet_mlflow()  # before a test module imports MLflow


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that is right on nearly every digit."""
    return write_trained_model(tmp_path_factory.mktemp("trained") / "model")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def project(in_tmp: Path, params: dict, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in the current folder, with an empty store in it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return project_in(in_tmp, params, migrated)


@pytest.fixture
def champion(project: Project, trained: Path) -> Project:
    """A project whose champion is the trained model."""
    write_json(METRICS, scores())
    assert project.judge(trained).alias == "champion"
    return project


@pytest.fixture
def ten_digits() -> list[np.ndarray]:
    """One image of each digit, 8 x 8, from 0 to 9."""
    images, labels = digits()
    return [images[np.flatnonzero(labels == digit)[20]] for digit in range(10)]
