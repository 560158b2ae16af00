"""A small project with a trained network, test images and their suite."""

from pathlib import Path

import pytest
import yaml
from scored_project import digits, write_stages

from constancy.paths import PARAMS
from constancy.serving.export import speed


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after training, on 8 x 8 digits; do not change it."""
    folder = tmp_path_factory.mktemp("stages")
    images, labels = digits(8)
    classes = [str(digit) for digit in range(10)]
    write_stages(folder, images, labels, classes, tests=60, suite_images=20, epochs=1)
    return folder


@pytest.fixture
def project(stages: Path, tmp_path: Path, params: dict, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: that project's data and model, with settings of its own."""
    for name in ("data", "models"):
        (tmp_path / name).symlink_to(stages / name)
    (tmp_path / PARAMS).write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speeds are measured once, and not for long."""
    monkeypatch.setattr(speed, "ROUNDS", 1)
    monkeypatch.setattr(speed, "BLOCK", 0.0)
