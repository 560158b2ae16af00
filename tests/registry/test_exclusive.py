"""One at a time, on several machines that share a server."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import tracking_server
from mlflow import MlflowClient
from tracked_project import Project

from constancy.registry import exclusive
from constancy.registry.exclusive import alone
from constancy.registry.store import connect

NAME = "constancy, being decided"


@pytest.fixture(scope="module")
def shared_server(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(migrated, folder / "server.db")
    with tracking_server(folder) as running:
        yield running.uri


@pytest.fixture
def client(project: Project, shared_server: str) -> MlflowClient:
    return connect(project.with_tracking(uri=shared_server).settings.tracking)


def on_machine(number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From now on, as if this were another machine: one that shares no temporary folder."""
    (folder := tmp_path / f"machine-{number}").mkdir(exist_ok=True)
    monkeypatch.setattr(exclusive, "gettempdir", lambda: str(folder))


def test_another_machine_waits_and_is_told_for_whom(
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(exclusive, "_TELL_AFTER", 0.2)
    order = []

    def other() -> None:
        with alone(client, "constancy"):
            order.append("other")

    on_machine(1, monkeypatch, tmp_path)
    with alone(client, "constancy"):
        on_machine(2, monkeypatch, tmp_path)
        thread = threading.Thread(target=other)
        thread.start()
        with alone(client, "another model"):
            time.sleep(1)
        order.append("first")
    thread.join(30)
    assert order == ["first", "other"]
    assert "who is deciding" in capsys.readouterr().err
    assert client.search_registered_models() == []


def test_what_a_dead_process_left_holds_its_own_machine_up_for_no_time(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_machine(1, monkeypatch, tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr(exclusive, "_leave", lambda *_: None)
        with alone(client, "constancy"):
            pass
    assert client.get_registered_model(NAME)
    start = time.monotonic()
    with alone(client, "constancy"):
        pass
    assert time.monotonic() - start < 5
    assert client.search_registered_models() == []


def test_other_machines_remove_it_when_its_time_is_over(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exclusive, "LEASE_SECONDS", 1.0)
    on_machine(1, monkeypatch, tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr(exclusive, "_leave", lambda *_: None)
        with alone(client, "constancy"):
            pass
    on_machine(2, monkeypatch, tmp_path)
    inside, most = [], []

    def other() -> None:
        with alone(client, "constancy"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.2)
            inside.pop()

    threads = [threading.Thread(target=other) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1, 1, 1, 1]
    assert client.search_registered_models() == []


def test_one_who_removes_too_late_leaves_the_next_ones_alone(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client.create_registered_model(NAME)
    left = client.get_registered_model(NAME)
    exclusive._remove(client, NAME, left)  # as another that waited, a moment before this one
    with alone(client, "constancy"):
        exclusive._remove(client, NAME, left)
        assert client.get_registered_model(NAME)
    assert client.search_registered_models() == []


def test_users_without_a_name_can_decide(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nameless)
    with alone(client, "constancy"):
        by = client.get_registered_model(NAME).tags[exclusive._BY]
    assert by.startswith(f"{os.getuid()}@")


def test_one_who_comes_back_too_late_leaves_the_next_ones_alone(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_machine(1, monkeypatch, tmp_path)
    with alone(client, "constancy"):
        client.delete_registered_model(NAME)  # as who took this one for dead
        client.create_registered_model(NAME, {exclusive._OWNER: "another machine"})
    assert client.get_registered_model(NAME).tags[exclusive._OWNER] == "another machine"
    client.delete_registered_model(NAME)
