"""A journal holds what was written, whoever is killed meanwhile."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from constancy.registry.journal import Event, Journal, find_journals, read_events

BEGIN = Event("begin", {"experiment": "constancy", "key": "k", "time": 5})

pytestmark = pytest.mark.usefixtures("in_tmp")


def kinds(path: Path) -> list[str]:
    return [event.kind for event, _ in read_events(path)]


def points(path: Path) -> list[tuple[str, float, int]]:
    found = (event.content for event, _ in read_events(path) if event.kind == "metrics")
    return [(name, value, step) for each in found for name, value, _, step in each]


def test_events_come_back_in_order_and_reading_goes_on_where_it_ended() -> None:
    journal = Journal.create([BEGIN])
    journal.log({"loss": 0.5, "odd": float("inf")}, 1)
    journal.append(Event("tags", {"a": "b"}))
    events = list(read_events(journal.path))
    assert [event.kind for event, _ in events] == ["begin", "metrics", "tags"]
    position = events[1][1]
    assert list(read_events(journal.path, position)) == [events[2]]
    assert find_journals() == [journal.path]
    assert (journal.key, journal.start, journal.status) == ("k", 5, "RUNNING")


@pytest.mark.parametrize("rest", ['["metrics", [["x", 1.0', '["metrics"', "}{", ""])
def test_a_torn_last_line_is_skipped_and_the_next_one_is_whole(rest: str) -> None:
    journal = Journal.create([BEGIN])
    journal.log({"loss": 0.5}, 1)
    with journal.path.open("a") as file:
        file.write(rest)
    assert kinds(journal.path) == ["begin", "metrics"]
    journal.close()
    again = Journal.hold(journal.path)
    assert again is not None
    again.log({"loss": 0.25}, 2)
    assert points(journal.path) == [("loss", 0.5, 1), ("loss", 0.25, 2)]


def test_a_line_that_is_just_being_written_is_read_whole_the_next_time() -> None:
    journal = Journal.create([BEGIN])
    line = json.dumps(Event("tags", {"a": "b"}))
    with journal.path.open("a") as file:
        file.write(line[:9])
        file.flush()
        events = read_events(journal.path)
        _, position = next(events)
        assert list(events) == []
        file.write(line[9:] + "\n")
    assert [event.kind for event, _ in read_events(journal.path, position)] == ["tags"]


def test_what_goes_on_does_not_write_a_step_twice() -> None:
    journal = Journal.create([BEGIN])
    for step in (1, 2, 2):
        journal.log({"loss": 1 / step, "rate": 1}, step)
    journal.end("KILLED", 7)
    journal.close()
    again = Journal.hold(journal.path)
    assert again is not None
    assert again.status == "KILLED"
    again.resume()
    again.log({"loss": 9, "rate": 9}, 2)
    again.log({"loss": 9, "rate": 9}, 3)
    assert len(points(journal.path)) == 8
    assert points(journal.path)[-2:] == [("loss", 9, 3), ("rate", 9, 3)]
    assert again.status == "RUNNING"


def test_one_process_holds_a_journal_and_a_killed_one_lets_go() -> None:
    script = (
        "from constancy.registry.journal import Event, Journal\n"
        "j = Journal.create([Event('begin', {'experiment': 'e', 'key': 'k', 'time': 1})])\n"
        "print(j.path, flush=True)\n"
        "while True: j.log({'loss': 1.0}, 1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert Journal.hold(path) is None
        time.sleep(0.05)
        process.kill()
    held = Journal.hold(path)
    assert held is not None
    lines = path.read_bytes().splitlines()
    assert len(kinds(path)) >= len(lines) - 1
    assert held.status == "RUNNING"


def test_a_journal_that_is_gone_cannot_be_held() -> None:
    journal = Journal.create([BEGIN])
    journal.path.unlink()
    assert Journal.hold(journal.path) is None


def test_a_full_disk_costs_one_warning_and_what_comes_meanwhile(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    journal = Journal.create([BEGIN])
    write = os.write

    def fail(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fail)
    journal.log({"loss": 1}, 1)
    journal.log({"loss": 1}, 2)
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    journal.log({"loss": 1}, 3)
    monkeypatch.setattr(os, "write", write)
    journal.log({"loss": 1}, 4)
    assert [step for _, _, step in points(journal.path)] == [4]
    warning = capfd.readouterr().err
    assert "No space left on device; what should be tracked is lost meanwhile" in warning
    assert warning.count("\n") == 1


def test_a_line_is_plain_json() -> None:
    journal = Journal.create([BEGIN])
    assert json.loads(journal.path.read_text()) == ["begin", BEGIN.content]
