"""Decisions under fire: processes killed amid them, and twenty that decide at once."""

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from deciding_process import VERSIONS, fill, finished, start
from local_server import LocalServer
from mlflow import MlflowClient
from tracked_project import Project

from constancy.registry.aliases import decide, finish
from constancy.registry.exclusive import alone
from constancy.registry.history import begin, pending, records
from constancy.registry.store import connect
from constancy.registry.versions import CHAMPION, PREVIOUS, number_of


@pytest.fixture
def project(project: Project) -> Project:
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    return project


def test_wherever_it_is_killed_the_next_one_takes_the_rest(project: Project) -> None:
    client = connect(project.settings.tracking)
    fill(client)
    assert "constancy 1 is champion" in finished(start(0, "promote", "1"), 0)
    done = finished(start(0, "promote", "2"), 0)
    steps = int(done.rpartition("writes: ")[2])
    assert steps == 8  # the seal, the record, two aliases, verdict and reason, its file, its end
    for step in range(1, steps + 1):
        champion, previous = (number_of(client, "constancy", each) for each in (CHAMPION, PREVIOUS))
        target = champion % VERSIONS + 1
        process = start(0, "promote", str(target), kill_at=step)
        process.join(120)
        assert process.exitcode == -9
        assert number_of(client, "constancy", CHAMPION) in (champion, target)
        begun = step > 2
        assert len(pending(client, "constancy")) == begun
        state = "begun" if begun else "done"
        assert next(records(client, "constancy")).state == state
        # A decision that changes nothing, but takes the rest first.
        told = finished(start(0, "promote", str(target if begun else champion)), 0)
        assert "is champion already" in told
        now = [number_of(client, "constancy", each) for each in (CHAMPION, PREVIOUS)]
        assert now == ([target, champion] if begun else [champion, previous])
        assert pending(client, "constancy") == []
    numbers = [each.number for each in records(client, "constancy")]
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
    history = list(records(client, "constancy"))[::-1]
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


def test_twenty_processes_on_four_machines_decide_one_after_the_other_in_a_server(
    project: Project, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    all_at_once(connect(project.settings.tracking), project, server.uri)


def test_what_cannot_be_done_is_withdrawn_and_stays_in_the_history(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(project.settings.tracking)
    fill(client)
    finished(start(0, "promote", "1"), 0)

    def denied(*_: object) -> None:
        raise PermissionError("no right to do so")

    with (
        monkeypatch.context() as broken,
        alone(client, "constancy"),
        pytest.raises(PermissionError),
    ):
        broken.setattr(client, "set_registered_model_alias", denied)
        decide(client, "constancy", **decision(2, before=1))
    finished(start(0, "promote", "3"), 0)
    found = [(each.number, each.version, each.state) for each in records(client, "constancy")]
    assert found == [(3, 3, "done"), (2, 2, "withdrawn"), (1, 1, "done")]
    assert number_of(client, "constancy", PREVIOUS) == 1


def test_what_is_done_in_part_is_completed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(project.settings.tracking)
    fill(client)
    finished(start(0, "promote", "1"), 0)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with (
        monkeypatch.context() as broken,
        alone(client, "constancy"),
        pytest.raises(OSError, match="no space"),
    ):
        broken.setattr(client, "log_dict", full)
        decide(client, "constancy", **decision(2, before=1))
    assert [each.state for each in records(client, "constancy")] == ["begun", "done"]
    with alone(client, "constancy"):
        finish(client, "constancy")
    assert [each.state for each in records(client, "constancy")] == ["done", "done"]
    assert [number_of(client, "constancy", each) for each in (CHAMPION, PREVIOUS)] == [2, 1]


@pytest.mark.parametrize("by_hand", ["deleted", "moved"])
def test_what_was_overtaken_by_hand_is_withdrawn(
    project: Project, by_hand: str, capfd: pytest.CaptureFixture[str]
) -> None:
    client = connect(project.settings.tracking)
    fill(client)
    finished(start(0, "promote", "1"), 0)
    start(0, "promote", "2", kill_at=3).join(120)
    if by_hand == "deleted":
        client.delete_model_version("constancy", "2")
    else:
        client.set_registered_model_alias("constancy", CHAMPION, "4")
    with alone(client, "constancy"):
        finish(client, "constancy")
    assert next(records(client, "constancy")).state == "withdrawn"
    assert number_of(client, "constancy", CHAMPION) == (1 if by_hand == "deleted" else 4)
    assert number_of(client, "constancy", PREVIOUS) is None
    assert "the forced promotion of constancy 2 is not carried out" in capfd.readouterr().err


def test_a_decision_of_one_who_may_not_change_the_model_is_withdrawn(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    client = connect(project.settings.tracking)
    fill(client)
    finished(start(0, "promote", "1"), 0)
    with monkeypatch.context() as denied:
        denied.setattr(client, "set_registered_model_tag", lambda *_: None)
        begin(client, "constancy", **decision(2, before=1))
    with alone(client, "constancy"):
        finish(client, "constancy")
    assert [each.state for each in records(client, "constancy")] == ["withdrawn", "done"]
    assert number_of(client, "constancy", CHAMPION) == 1
    assert "may have no right to" in capfd.readouterr().err


def decision(version: int, before: int) -> dict[str, Any]:
    return {
        "kind": "promotion",
        "version": version,
        "champion_before": before,
        "champion": version,
        "reason": "A test.",
        "suite": None,
        "weights": None,
        "data": None,
        "lock": None,
        "details": {},
    }
