"""Where there is no terminal, progress is a line now and then, and nothing for short work."""

import io
import re

import pytest

from constancy import progress as module
from constancy.progress import counted, progress


def shown(monkeypatch: pytest.MonkeyPatch, *, delay: float, every: float, count: int) -> str:
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setattr(module, "_DELAY", delay)
    monkeypatch.setattr(module, "_LINE_EVERY", every)
    with progress("work", total=count) as bar:
        assert list(counted(range(count), bar)) == list(range(count))
    return output.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, delay=2, every=10, count=50) == ""


def test_long_work_shows_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, delay=0, every=0, count=50).splitlines()
    assert len(lines) > 10
    assert all(line.startswith("work: ") and "/50 [" in line for line in lines)
    assert re.search(r" \d[\d.]* images/s", lines[-1])
    assert "\r" not in "".join(lines)
