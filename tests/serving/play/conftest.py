from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from play_project import write_play_project

from constancy.serving.play.playground import Playground, open_playground
from constancy.settings import load_settings

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project to play with. Do not change it."""
    folder = tmp_path_factory.mktemp("played")
    write_play_project(folder)
    return folder


@pytest.fixture
def in_project(played: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the current folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(played)
    return played


@pytest.fixture
def playground(in_project: Path) -> Playground:
    """Its champion, its challenger and its images."""
    return open_playground("champion", load_settings())


@pytest.fixture
def client(playground: Playground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "TestClient":
    """A client of its page."""
    pytest.importorskip("gradio")

    from starlette.testclient import TestClient

    from constancy.serving.play.serve import application

    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return TestClient(application(playground), base_url="http://127.0.0.1")
