"""The command answers at once, says what it can do, and ends mistakes clearly."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_server import free_port

from constancy.files import write_json
from constancy.paths import DATA

CONSTANCY = str(Path(sys.executable).parent / "constancy")
REPOSITORY = Path(__file__).resolve().parents[1]


COMMANDS = (
    "run",
    "calibrate",
    "check",
    "compare",
    "export",
    "play",
    "reproduce",
    "show",
    "status",
    "predict",
    "sync",
    "ui",
    "watch",
)


def run(*arguments: str, cwd: Path = REPOSITORY) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CONSTANCY, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_comes_at_once_and_names_every_command() -> None:
    seconds = []
    for _ in range(5):
        start = time.monotonic()
        done = run("--help")
        seconds.append(time.monotonic() - start)
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    assert min(seconds) < 0.4


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, constancy.cli\n"
        "heavy = {'torch', 'mlflow', 'pandas', 'numpy', 'pydantic', 'cv2', 'dvc'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 4


def test_valid_params_pass_the_check() -> None:
    done = run("check")
    assert (done.returncode, done.stdout) == (0, "params.yaml is valid\n")


def test_a_transform_that_albumentations_has_not_is_told_before_any_work(tmp_path: Path) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    assert "albumentations: []" in text
    wrong = text.replace("albumentations: []", "albumentations: [{name: GaussNoize}]")
    (tmp_path / "params.yaml").write_text(wrong)
    for command in ("check", "run"):
        done = run(command, cwd=tmp_path)
        assert done.returncode == 2
        assert "albumentations has no transform 'GaussNoize': did you mean" in done.stderr


@pytest.mark.parametrize("command", ["run", "calibrate", "check", "play", "status", "sync", "ui"])
def test_outside_a_project_every_command_says_so(tmp_path: Path, command: str) -> None:
    done = run(command, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "constancy: params.yaml is missing: run this in the project's folder\n"
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_is_refused() -> None:
    done = run("trian")
    assert done.returncode == 2
    assert "No such command 'trian'" in done.stderr


def test_a_project_without_runs_has_a_status(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    done = run("status", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Data     none yet" in done.stdout
    assert "Champion none yet" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"params.yaml"}


def test_the_status_of_a_project_whose_server_is_down_says_so(tmp_path: Path) -> None:
    """What lies here is shown all the same."""
    text = (REPOSITORY / "params.yaml").read_text()
    address = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "params.yaml").write_text(text.replace("uri: null", f"uri: {address}"))
    data = {"source": "digits", "splits": {"train": 1234}, "classes": {"cat": 1234}}
    write_json(tmp_path / DATA, data)
    done = run("status", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Data     digits: 1,234 train; 1 classes\n" in done.stdout
    assert "Run      none yet\n" in done.stdout
    assert f"Champion not known: the tracking server at {address} does not answer" in done.stdout


def test_where_nothing_was_trained_there_is_nothing_to_send(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    done = run("sync", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "sent 0 events of 0 runs\n")
    assert {path.name for path in tmp_path.iterdir()} == {"params.yaml"}


def test_prediction_without_a_champion_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    done = run("predict", "x.png", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no champion of 'constancy' yet: `make run`" in done.stderr
    assert "Traceback" not in done.stderr
