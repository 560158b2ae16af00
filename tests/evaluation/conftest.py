"""One trained and scored project for all tests of the evaluation."""

from pathlib import Path

import pytest
from scored_project import scored, write_project

from constancy.evaluation.evaluate import Evaluation


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 16 x 16 digits after training; tests read it and change copies only."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder, size=16, suite_images=120, epochs=2)
    return folder


@pytest.fixture(scope="session")
def evaluation(project: Path) -> Evaluation:
    return scored(project)
