"""Running the pipeline through DVC, with the environment and the ends that Constancy promises."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from constancy.data.fingerprint import fingerprint
from constancy.files import read_json, write_json
from constancy.paths import STATE
from constancy.settings.data import Data
from constancy.stage import FAILURE_FILE, fail

SOURCE = STATE / "source.json"
"""What the source looked like when the pipeline last ran well."""

_UP_TO_DATE = "Data and pipelines are up to date."
_NOISE = (
    "Generating lock file",
    "Updating lock file",
    "To track the changes with git",
    "To enable auto staging",
    "Use `dvc push`",
    "\tgit add",
    "\tdvc config",
)


def reproduce(data: Data) -> int:
    """Run the stages that changed, in the current folder; returns DVC's exit code.

    DVC watches the project's own files; a source outside it is watched here. A stage that ended on
    a user's mistake ends this process with the same sentence, last of all, and exit code 2.
    """
    seen = {"source": data.source, "fingerprint": fingerprint(data)}
    if _source_changed(seen):
        print(f"{data.source} has changed: fetching it anew")
        if code := _dvc("repro", "--force", "--single-item", "fetch"):
            return code
    code = _dvc("repro")
    if code == 0:
        write_json(SOURCE, seen)
    return code


def _source_changed(seen: dict[str, str]) -> bool:
    if not SOURCE.exists():
        return False
    before = read_json(SOURCE)
    return before != seen and before["source"] == seen["source"]


def _dvc(*arguments: str) -> int:
    # The stages must run on this very Python, whatever `python` means in the user's shell.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with tempfile.NamedTemporaryFile(prefix="constancy-", suffix=".txt") as failure:
        environment = os.environ | {"PATH": path, FAILURE_FILE: failure.name}
        code = _run([sys.executable, "-m", "dvc", *arguments], environment)
        sentence = Path(failure.name).read_text(encoding="utf-8")
    if code and sentence:
        fail(sentence)
    return code


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run DVC and pass its output on, without its advice on git and with a clear word at the end."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(_UP_TO_DATE):
                    print("Nothing has changed: every stage is up to date.")
                elif line.strip() and not line.startswith(_NOISE):
                    print(line, end="", flush=True)
        except KeyboardInterrupt:
            process.wait()  # DVC got the same signal: let it end its stage
            raise
    return process.returncode
