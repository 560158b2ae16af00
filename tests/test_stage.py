"""A user's mistake ends a stage in one sentence and exit code 2; a fault of ours keeps its traceback."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nobody import as_nobody, open_folder

from constancy.errors import UserError, nearest
from constancy.settings import Settings
from constancy.stage import FAILURE_FILE, alone, stage, with_clear_ends

PROJECT = Path(__file__).resolve().parents[1]


def raising(error: BaseException) -> None:
    raise error


def test_a_stage_that_an_earlier_run_left_at_work_is_named(
    in_tmp: Path, capfd: pytest.CaptureFixture
) -> None:
    script = (
        "import sys\n"
        "from constancy.stage import alone\n"
        "@alone\n"
        "def augment(settings): print('at work', flush=True); sys.stdin.read()\n"
        "augment(None)"
    )
    shutil.copyfile(PROJECT / "params.yaml", in_tmp / "params.yaml")

    @stage
    @alone
    def augment(settings: Settings) -> None:
        (in_tmp / "made").touch()

    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as orphan:
        assert orphan.stdout is not None
        assert orphan.stdout.readline() == "at work\n"
        with pytest.raises(SystemExit) as ended:
            augment()
        assert ended.value.code == 2
        told = f"constancy: process {orphan.pid} is at work on the stage augment in this folder: "
        assert capfd.readouterr().err.startswith(told)
        assert not (in_tmp / "made").exists()
        orphan.kill()
    augment()  # a killed process holds nothing
    assert (in_tmp / "made").exists()


def test_every_stage_works_alone() -> None:
    """But for training, of which there may be several processes: it looks to that itself."""
    files = {file.stem: file.read_text() for file in (PROJECT / "pipelines").rglob("*.py")}
    assert {name for name, text in files.items() if "@stage\n@alone\n" not in text} == {"train"}


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("params.yaml: no\n  such key"), "params.yaml: no such key"),
        (
            OSError(errno.ENOSPC, "x", "data/.raw.1.new/0"),
            "data: the disk is full: free some space",
        ),
        (OSError(errno.ENOSPC, "x", "a", None, "data"), "data: the disk is full: free some space"),
        (OSError(errno.ENOSPC, "x", b"data"), "data: the disk is full: free some space"),
        (OSError(errno.ENOSPC, "x"), "the disk is full: free some space"),
        (shutil.Error([("a", "data", "[Errno 28] x: 'a'")]), "data: the disk is full"),
        (PermissionError(errno.EACCES, "x", "data"), "data: permission denied: make it writable"),
        (OSError(errno.EROFS, "x", "data/x"), "data: the file system is read-only"),
    ],
)
def test_a_users_mistake_is_one_sentence(
    error: BaseException,
    sentence: str,
    capfd: pytest.CaptureFixture,
    in_tmp: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("data").mkdir()
    monkeypatch.setenv(FAILURE_FILE, str(in_tmp / "failure"))
    with pytest.raises(SystemExit) as left:
        with_clear_ends(lambda: raising(error))
    assert left.value.code == 2
    told = capfd.readouterr().err
    assert told.startswith(f"constancy: {sentence}")
    assert told.count("\n") == 1
    assert (in_tmp / "failure").read_text().startswith(sentence)


@pytest.mark.parametrize("failure", ["/dev/full", "/nowhere/failure"])
def test_a_sentence_that_cannot_be_passed_on_is_told_all_the_same(
    failure: str, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAILURE_FILE, failure)
    with pytest.raises(SystemExit) as left:
        with_clear_ends(lambda: raising(UserError("no such key")))
    assert left.value.code == 2
    assert capfd.readouterr().err == "constancy: no such key\n"


def test_a_file_that_may_not_be_read_should_become_readable(capfd: pytest.CaptureFixture) -> None:
    with open_folder() as folder:
        (secret := folder / "secret").touch(mode=0)
        assert as_nobody(lambda: with_clear_ends(lambda: print(secret.read_bytes()))) == 2
    advice = "permission denied: make it readable and run again"
    assert capfd.readouterr().err == f"constancy: {secret}: {advice}\n"


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EIO, "x"), KeyError("x")])
def test_a_fault_of_ours_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        with_clear_ends(lambda: raising(error))


def test_settings_are_checked_before_any_work(in_tmp: Path) -> None:
    text = (PROJECT / "params.yaml").read_text()
    worked: list[Settings] = []
    (in_tmp / "params.yaml").write_text(text.replace("epochs:", "epocks:"))
    with pytest.raises(SystemExit):
        stage(worked.append)()
    assert not worked
    (in_tmp / "params.yaml").write_text(text)
    stage(worked.append)()
    assert worked[0].data.source == "digits"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("ocluson", "did you mean 'occlusion'?"),
        ("zzz", "known: clutter, occlusion"),
    ],
)
def test_the_nearest_known_word_is_named(word: str, hint: str) -> None:
    assert nearest(word, ["occlusion", "clutter"]) == hint
