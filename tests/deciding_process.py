"""Processes that decide about a model, of which one is killed before its nth write if told so."""

import os
import signal
import tempfile
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from forked import PROCESSES
from mlflow import MlflowClient

from constancy.errors import UserError
from constancy.registry.change import promote, roll_back
from constancy.registry.store import connect
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.settings import load_settings

VERSIONS = 5
WRITES = (
    "set_registered_model_tag",
    "create_run",
    "set_registered_model_alias",
    "set_model_version_tag",
    "update_model_version",
    "delete_registered_model_alias",
    "log_dict",
    "set_terminated",
)


def fill(client: MlflowClient) -> None:
    """Versions that look as if `make run` had registered them."""
    client.create_registered_model("constancy")
    for number in range(VERSIONS):
        client.create_model_version(
            "constancy", "s3://nowhere/model", tags={WEIGHTS_TAG: f"{number:064d}"}
        )


def start(number: int, *command: str, kill_at: int = 0, uri: str | None = None) -> BaseProcess:
    """Start a process that promotes (`promote VERSION`) or rolls back, in the current folder."""
    process = PROCESSES.Process(target=_decide, args=(Path.cwd(), uri, kill_at, number, command))
    process.start()
    return process


def finished(process: BaseProcess, number: int) -> str:
    """What a process that was started with this number printed."""
    process.join(120)
    assert process.exitcode == 0
    return _output(number).read_text()


def _output(number: int) -> Path:
    return Path(f"decided-{number}.txt")


def _decide(
    folder: Path, uri: str | None, kill_at: int, number: int, command: tuple[str, ...]
) -> None:
    os.chdir(folder)
    if uri:
        os.environ["MLFLOW_TRACKING_URI"] = uri
        # As of four machines, which share the server alone.
        (temporary := folder / f"machine-{number % 4}").mkdir(exist_ok=True)
        tempfile.tempdir = str(temporary)
    settings = load_settings()
    client = connect(settings.tracking)
    writes = _count_writes(client, kill_at)
    try:
        if command[0] == "promote":
            told = promote(client, settings, int(command[1]), "a test", dry_run=False)
        else:
            told = roll_back(client, settings, None, "a test", dry_run=False)
    except UserError as error:
        told = f"told: {error}"
    _output(number).write_text(f"{told}\nwrites: {writes[0]}")


def _count_writes(client: MlflowClient, kill_at: int) -> list[int]:
    writes = [0]

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            writes[0] += 1
            if writes[0] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*args, **kwargs)

        return call

    for name in WRITES:
        setattr(client, name, counted(getattr(client, name)))
    return writes
