"""What the tests of remote files share: a server, and a network that is quick to fail."""

from collections.abc import Iterator

import pytest
from bad_lines import BLOCK
from http_server import HttpServer, http_server

from constancy.data import failures, remote


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


@pytest.fixture
def small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, and next to no wait between tries."""
    monkeypatch.setattr(failures, "WAIT", 0.01)
    monkeypatch.setattr(remote, "BLOCK", BLOCK)
