"""Running the pipeline through DVC, with the environment and the ends that Constancy promises."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TextIO

from constancy.addresses import without_secrets
from constancy.data.fingerprint import fingerprint
from constancy.files import read_json
from constancy.paths import FETCH
from constancy.settings.data import Data
from constancy.stage import FAILURE_FILE, fail

_UP_TO_DATE = "Data and pipelines are up to date."
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NOISE = (
    "Generating lock file",
    "Updating lock file",
    "To track the changes with git",
    "To enable auto staging",
    "Use `dvc push`",
    "\tgit add",
    "\tdvc config",
)


def run_pipeline(data: Data) -> int:
    """Run the stages that changed, in the current folder; returns DVC's exit code.

    DVC watches the project's own files; a source outside it is watched here. A stage that ended on
    a user's mistake ends this process with the same sentence, last of all, and exit code 2; so does
    another process that runs the pipeline. A signal to end is passed on to DVC and its stage, and
    this process ends after them, with 128 and the signal's number.
    """
    if _source_changed(data):
        print(f"{without_secrets(data.source)} has changed: fetching it anew", flush=True)
        if code := _dvc("repro", "--force", "--single-item", "fetch"):
            return code
    return _dvc("repro")


def _source_changed(data: Data) -> bool:
    """Whether the source is another than when it was fetched, though its name is the same."""
    if not FETCH.exists():
        return False
    fetched = read_json(FETCH)
    return bool(
        fetched["source"] == without_secrets(data.source)
        and fetched.get("fingerprint") != fingerprint(data)
    )


def _dvc(*arguments: str) -> int:
    end = run_dvc(*arguments)
    if end.code and end.sentence:
        fail(end.sentence)
    return end.code


class End(NamedTuple):
    """How DVC ended: its exit code, and the sentence that a stage left on a user's mistake, or ""."""

    code: int
    sentence: str


def run_dvc(
    *arguments: str,
    module: str = "constancy.dvc",
    folder: Path | None = None,
    output: TextIO | None = None,
    variables: dict[str, str] | None = None,
) -> End:
    """Run DVC on this very Python, and pass its output on without its advice on git.

    module: DVC as which module starts it; folder: where, None: in the current one; output: where its
    output goes, None: to standard output; variables: of the environment, besides those of this
    process. A signal to end is passed on, as by `run_pipeline`.
    """
    # The stages must run on this Python too, whatever `python` means in the user's shell.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with tempfile.NamedTemporaryFile(prefix="constancy-", suffix=".txt") as failure:
        environment = os.environ | {"PATH": path, FAILURE_FILE: failure.name} | (variables or {})
        command = [sys.executable, "-m", module, *arguments]
        code = _run(command, environment, folder, output)
        return End(code, Path(failure.name).read_text(encoding="utf-8"))


def _run(
    command: list[str], environment: dict[str, str], folder: Path | None, output: TextIO | None
) -> int:
    with (
        _signals_passed_on() as pass_on_to,
        # In a group of its own, so that a signal finds the stage too, and finds it once.
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as process,
    ):
        pass_on_to(process.pid)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(_UP_TO_DATE):
                print("Nothing has changed: every stage is up to date.", file=output)
            elif line.strip() and not line.startswith(_NOISE):
                print(line, end="", flush=True, file=output)
    return process.returncode


@contextmanager
def _signals_passed_on() -> Iterator[Callable[[int], None]]:
    """Give a function that names the process group to which signals to end are passed on.

    Whoever got such a signal exits at the end of the block.
    """
    groups: list[int] = []
    received: list[int] = []

    def handle(number: int, _: object) -> None:
        received.append(number)
        for group in groups:
            send(group, number)

    def send(group: int, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(group, number)

    def pass_on_to(group: int) -> None:
        groups.append(group)
        for number in received:  # before the group was known
            send(group, number)

    heeded = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heeded}
    try:
        yield pass_on_to
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        sys.exit(128 + received[0])
