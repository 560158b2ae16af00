"""What is installed against what a lock asks for; this machine against what a run recorded."""

import sys
from importlib.metadata import version
from pathlib import Path

from project import REPOSITORY

from constancy.registry.lineage import machine_tags
from constancy.reproduce.environment import UNKNOWN, machine_like, unlike, unlike_lock
from constancy.reproduce.outcome import Difference


def test_packages_unlike_the_lock_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# made by hand\n"
        f"numpy=={version('numpy')} \\\n    --hash=sha256:00\n"
        "pillow==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "no-such-package==2.0 ; python_full_version >= '3.11' \\\n    --hash=sha256:00\n"
        "elsewhere==1.0 ; sys_platform == 'emscripten' \\\n    --hash=sha256:00\n"
    )
    assert unlike_lock(lock) == [
        Difference("pillow", "1.0", version("pillow")),
        Difference("no-such-package", "2.0", "not installed"),
    ]
    assert unlike_lock(tmp_path / "missing.lock") == []


def test_the_lock_of_this_repository_can_be_read() -> None:
    assert "torch" not in [each.name for each in unlike_lock(REPOSITORY / "requirements.lock")]


def test_this_machine_is_like_itself_with_as_many_threads_as_then() -> None:
    here = machine_tags()
    tags = {name: value for name, value in here.items() if value} | {"machine.threads": "7"}
    assert unlike(tags, machine_like(tags)) == []


def test_what_was_recorded_otherwise_or_not_at_all_is_named() -> None:
    tags = machine_tags() | {"python": "3.9.1"}
    del tags["machine.threads"]
    differences = unlike(tags, machine_like(tags))
    assert [each.name for each in differences] == ["machine.threads", "python"]
    assert differences[0].then == UNKNOWN
    assert differences[1].here == sys.version.split()[0]
