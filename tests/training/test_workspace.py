"""A training has a folder of its own, and two on the same inputs do not meet in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from constancy.errors import UserError
from constancy.training.workspace import open_workspace, workspace_key


def test_other_inputs_have_another_key() -> None:
    assert workspace_key({"a": 1}, 2) == workspace_key({"a": 1}, 2)
    assert workspace_key({"a": 1}, 2) != workspace_key({"a": 1}, 3)


def test_a_second_process_on_the_same_inputs_is_refused(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from constancy.training.workspace import open_workspace\n"
        "with open_workspace(Path(sys.argv[1]), 'key'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(
            UserError, match=f"^process {other.pid} is training on the same inputs: "
        ):
            open_workspace(tmp_path, "key").__enter__()
        with open_workspace(tmp_path, "other inputs"):
            pass
        other.kill()
    with open_workspace(tmp_path, "key"):
        pass  # a killed process holds nothing


def test_the_folder_of_a_training_that_ended_well_is_gone_at_once(tmp_path: Path) -> None:
    with open_workspace(tmp_path, "finished") as finished:
        (finished / "choices.json").touch()
    with pytest.raises(RuntimeError), open_workspace(tmp_path, "failed") as failed:
        raise RuntimeError
    assert not finished.exists()
    assert failed.is_dir()
    assert [each for each in tmp_path.iterdir() if each.is_dir()] == [failed]


def test_what_a_training_left_that_was_cut_off_is_there_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), open_workspace(tmp_path, "key") as folder:
        (folder / "last.ckpt").touch()
        raise RuntimeError
    with open_workspace(tmp_path, "key") as folder:
        assert (folder / "last.ckpt").exists()
    with open_workspace(tmp_path, "key") as folder:
        assert not list(folder.iterdir())
