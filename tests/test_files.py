"""Writes are whole or absent."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from constancy.files import read_json, replacing, write_json


def listing(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fill(*paths: Path, text: str) -> None:
    """The first path becomes a folder with a file, the others files."""
    paths[0].mkdir()
    (paths[0] / "inner").write_text(text)
    for path in paths[1:]:
        path.write_text(text)


def test_all_targets_are_replaced_together(tmp_path: Path) -> None:
    targets = (tmp_path / "a" / "folder", tmp_path / "file")
    for text in ("one", "two"):
        with replacing(*targets) as news:
            fill(*news, text=text)
        assert listing(tmp_path) == {"a/folder/inner": text, "file": text}


def test_a_failure_leaves_the_last_good_outputs(tmp_path: Path) -> None:
    targets = (tmp_path / "folder", tmp_path / "file")
    with replacing(*targets) as news:
        fill(*news, text="good")
    with pytest.raises(FileExistsError), replacing(*targets) as news:
        fill(*news, text="bad")
        fill(*news, text="worse")
    assert listing(tmp_path) == {"folder/inner": "good", "file": "good"}


def test_an_output_that_was_not_made_replaces_nothing(tmp_path: Path) -> None:
    with replacing(tmp_path / "folder", tmp_path / "file") as news:
        fill(*news, text="good")
    with (
        pytest.raises(FileNotFoundError),
        replacing(tmp_path / "folder", tmp_path / "file") as news,
    ):
        fill(news[0], text="bad")
    assert listing(tmp_path) == {"folder/inner": "good", "file": "good"}


def test_a_folder_left_aside_by_a_killed_process_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with replacing(target) as (new,):
        fill(new, text="good")
    target.rename(tmp_path / ".folder.old")  # where a kill between the two renames leaves it
    with pytest.raises(RuntimeError), replacing(target):
        raise RuntimeError
    assert listing(tmp_path) == {"folder/inner": "good"}


def test_a_killed_process_leaves_the_last_good_outputs(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with replacing(target) as (new,):
        fill(new, text="good")
    script = f"""
import os, signal
from pathlib import Path
from constancy.files import replacing
with replacing(Path({str(target)!r})) as (new,):
    new.mkdir()
    (new / "inner").write_text("bad")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (target / "inner").read_text() == "good"
    with replacing(target) as (new,):
        fill(new, text="better")
    assert listing(tmp_path) == {"folder/inner": "better"}


def test_json_with_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert read_json(path) == {"a": 1}
    assert listing(tmp_path).keys() == {"x.json"}
