"""Writes are whole or absent."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from constancy.files import read_json, replacing, write_json, write_text


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


WRITER = """
import sys
from pathlib import Path
from constancy.files import replacing
folder, text = Path(sys.argv[1]), sys.argv[2]
with replacing(folder / "folder", folder / "file") as (inner, file):
    inner.mkdir()
    (inner / "a").write_text(text)
    print("half done", flush=True)
    sys.stdin.readline()
    (inner / "b").write_text(text)
    file.write_text(text)
"""


def start_writing(folder: Path, text: str) -> "subprocess.Popen[str]":
    """A process in the middle of replacing its outputs; a line on its input lets it go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), text],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half done\n"
    return process


def test_a_killed_process_leaves_the_last_good_outputs(tmp_path: Path) -> None:
    start_writing(tmp_path, "good").communicate("\n")
    good = {"file": "good", "folder/a": "good", "folder/b": "good"}
    assert listing(tmp_path) == good
    killed = start_writing(tmp_path, "bad")
    killed.kill()
    killed.communicate()
    assert listing(tmp_path).items() > good.items()  # half of it lies beside
    start_writing(tmp_path, "better").communicate("\n")
    assert listing(tmp_path) == dict.fromkeys(good, "better")


def test_a_process_that_is_killed_within_a_block_within_a_block_leaves_nothing_for_ever(
    tmp_path: Path,
) -> None:
    script = f"""
import os, signal
from pathlib import Path
from constancy.files import replacing
with replacing(Path({str(tmp_path / "database")!r})) as (new,), replacing(new) as (newer,):
    newer.write_text("bad")
    Path(f"{{newer}}-journal").write_text("bad")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(listing(tmp_path)) == 2
    write_text(tmp_path / "database", "good")
    assert listing(tmp_path) == {"database": "good"}


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_of_two_processes_the_last_one_to_finish_wins_whole(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    writers = {text: start_writing(tmp_path, text) for text in ("one", "two")}
    for text in order:
        writers[text].communicate("\n")
        assert writers[text].returncode == 0
        assert (
            listing(tmp_path).items()
            >= dict.fromkeys(["file", "folder/a", "folder/b"], text).items()
        )
    assert len(listing(tmp_path)) == 3


def test_processes_that_replace_the_same_outputs_again_and_again_never_mix_them(
    tmp_path: Path,
) -> None:
    script = """
import sys
from pathlib import Path
from constancy.files import replacing
one, other = Path(sys.argv[1], "x", "folder"), Path(sys.argv[1], "y", "file")
for number in range(300):
    with replacing(*((one, other) if number % 2 else (other, one))) as news:
        inner, file = news if number % 2 else reversed(news)
        inner.mkdir()
        (inner / "a").write_text(f"{sys.argv[2]} {number}")
        file.write_text(f"{sys.argv[2]} {number}")
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    writers = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    assert [writer.wait() for writer in writers] == [0, 0]
    texts = listing(tmp_path)
    assert texts.keys() == {"x/folder/a", "y/file"}
    assert len(set(texts.values())) == 1


def test_json_with_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert read_json(path) == {"a": 1}
    assert listing(tmp_path).keys() == {"x.json"}


def test_a_file_never_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").write_text("x")
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "out", "new")
    assert (tmp_path / "out" / "kept").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
