"""One small project of digits for all tests of the watch."""

import pytest
from watched_project import Watched, write_watched


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return write_watched(tmp_path_factory.mktemp("watched"))


@pytest.fixture
def project(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The same, with its folder as the current one. Do not change it."""
    monkeypatch.chdir(watched.folder)
    return watched
