"""Decisions under fire: processes killed amid them, and twenty that decide at once."""

import threading
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from deciding_process import finished, start
from local_server import LocalServer
from mlflow import MlflowClient
from tracked_project import Project

from constancy.registry.aliases import finish, number_of
from constancy.registry.history import pending, records
from constancy.registry.store import alone, connect
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.registry.versions import CHAMPION, PREVIOUS

VERSIONS = 5


@pytest.fixture
def project(project: Project) -> Project:
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    return project


def fill(client: MlflowClient) -> None:
    """Versions that look as if `make run` had registered them."""
    client.create_registered_model("constancy")
    for number in range(VERSIONS):
        client.create_model_version(
            "constancy", "s3://nowhere/model", tags={WEIGHTS_TAG: f"{number:064d}"}
        )


def test_wherever_it_is_killed_the_next_one_takes_the_rest(project: Project) -> None:
    client, tracking = connect(project.settings.tracking), project.settings.tracking
    fill(client)
    assert "constancy 1 is champion" in finished(start(0, "promote", "1"), 0)
    done = finished(start(0, "promote", "2"), 0)
    steps = int(done.rpartition("writes: ")[2])
    assert steps >= 5  # the record, two aliases, its file, its end
    for step in range(1, steps + 1):
        champion, previous = (number_of(client, "constancy", each) for each in (CHAMPION, PREVIOUS))
        target = champion % VERSIONS + 1
        process = start(0, "promote", str(target), kill_at=step)
        process.join(120)
        assert process.exitcode == -9
        assert number_of(client, "constancy", CHAMPION) in (champion, target)
        begun = step > 1
        assert len(pending(client, tracking, "constancy")) == begun
        with alone(client):
            finish(client, tracking, "constancy")
        now = [number_of(client, "constancy", each) for each in (CHAMPION, PREVIOUS)]
        assert now == ([target, champion] if begun else [champion, previous])
        assert pending(client, tracking, "constancy") == []
    numbers = [each.number for each in records(client, tracking, "constancy")]
    assert numbers == list(range(len(numbers), 0, -1))


def all_at_once(client: MlflowClient, project: Project, uri: str | None) -> None:
    """Twenty processes promote and roll back, while one looks on."""
    tracking = project.settings.tracking
    fill(client)
    assert "is champion" in finished(start(0, "promote", "1", uri=uri), 0)
    seen, stop = set(), threading.Event()

    def watch() -> None:
        onlooker = connect(tracking)
        while not stop.wait(0.02):
            seen.add(number_of(onlooker, "constancy", CHAMPION))

    onlooker = threading.Thread(target=watch)
    onlooker.start()
    commands = [
        ("rollback",) if number % 4 == 3 else ("promote", str(number % VERSIONS + 1))
        for number in range(20)
    ]
    try:
        processes = [start(number, *each, uri=uri) for number, each in enumerate(commands)]
        outputs = [finished(each, number) for number, each in enumerate(processes)]
    finally:
        stop.set()
        onlooker.join()

    assert None not in seen
    history = list(records(client, tracking, "constancy"))[::-1]
    assert [each.number for each in history] == list(range(1, len(history) + 1))
    assert all(a.time <= b.time for a, b in pairwise(history))
    assert all(b.champion_before == a.champion for a, b in pairwise(history))
    # Each command was decided once, or told why nothing was.
    told = sum("told: " in each or "champion already" in each for each in outputs)
    assert len(history) == 1 + len(commands) - told
    last = history[-1]
    assert number_of(client, "constancy", CHAMPION) == last.champion
    assert number_of(client, "constancy", PREVIOUS) == last.champion_before


def test_twenty_processes_decide_one_after_the_other(project: Project) -> None:
    all_at_once(connect(project.settings.tracking), project, None)


def test_twenty_processes_decide_one_after_the_other_in_a_server(
    project: Project, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    all_at_once(connect(project.settings.tracking), project, server.uri)
