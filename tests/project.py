"""A clone of this repository in which tests run the real pipeline, as a user would."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from constancy.files import read_json

REPOSITORY = Path(__file__).resolve().parents[1]

SMALL = {
    "epochs": "2",
    "batch_size": "32",
    "filters": "[8, 16]",
    "hidden": "32",
    "test": "60",
    "validation": "20",
}
"""Values under which all six stages take seconds; the model is then a poor one."""


@dataclass(frozen=True)
class Project:
    """A project folder with a git repository of its own."""

    folder: Path

    def run(self, *command: str, timeout: float = 600) -> "subprocess.CompletedProcess[str]":
        """Run a command of the environment (`constancy`, `dvc`, `python`) in the project."""
        return subprocess.run(
            self.arguments(*command),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def arguments(self, *command: str) -> list[str]:
        return [str(Path(sys.executable).parent / command[0]), *command[1:]]

    def environment(self) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DVC_", "GIT_"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        # The clone's own code, not the one that is installed.
        return kept | {"PATH": path, "PYTHONPATH": str(self.folder / "src")}

    def set(self, **values: str) -> None:
        """Set the first key of each name in params.yaml, comments kept."""
        path = self.folder / "params.yaml"
        text = path.read_text()
        for key, value in values.items():
            text, count = re.subn(rf"(?m)^(\s*{key}:)[^\n#]*", rf"\1 {value} ", text, count=1)
            assert count, key
        path.write_text(text)

    def json(self, path: str) -> Any:
        return read_json(self.folder / path)


def clone(folder: Path) -> Project:
    """The repository as it lies here, changes not yet committed included, as a repository anew."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = REPOSITORY / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "clone"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)
    return Project(folder)
