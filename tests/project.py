"""A clone of this repository in which tests run the real pipeline, as a user would."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from constancy.files import read_json
from constancy.settings.base import COMBINED, PIXEL_FACTORS

REPOSITORY = Path(__file__).resolve().parents[1]

SMALL: dict[str, Any] = {
    **{f"variation.copies.{name}": 1 for name in (*PIXEL_FACTORS, COMBINED)},
    "suites.test": 60,
    "suites.validation": 20,
    "model.cnn.filters": [8, 16],
    "model.cnn.hidden": 32,
    "train.epochs": 2,
}
"""Values under which all six stages take seconds; the model is then a poor one."""


@dataclass(frozen=True)
class Project:
    """A project folder with a git repository of its own.

    variables: what its commands find in the environment besides.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

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
        return kept | {"PATH": path, "PYTHONPATH": str(self.folder / "src")} | self.variables

    def set(self, values: dict[str, Any]) -> None:
        """Change params.yaml at dotted keys; comments and order are kept."""
        yaml, path = YAML(), self.folder / "params.yaml"
        params = yaml.load(path)
        for key, value in values.items():
            *parents, last = key.split(".")
            section = params
            for parent in parents:
                section = section[parent]
            assert last in section, key
            section[last] = value
        yaml.dump(params, path)

    def commit(self, message: str) -> None:
        """Commit all changes to the project's repository."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def git(self, *arguments: str) -> str:
        """What git answers in the project."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

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
    project = Project(folder)
    project.git("init", "-q", "-b", "main")
    project.commit("clone")
    return project
