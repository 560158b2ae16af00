"""A real server process on this machine, for the time of a test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


class LocalServer:
    """A command that serves HTTP on a port of 127.0.0.1, with its output in `folder`/log."""

    def __init__(
        self, command: list[str], *, port: int, folder: Path, variables: dict[str, str]
    ) -> None:
        self.uri = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it answers; raises if it ends or takes too long."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if requests.get(f"{self.uri}/health", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log}")

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def peak_mb(self) -> float:
        """The most memory that it has held."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, by a signal; returns its exit code."""
        self._process.send_signal(number)
        return self._process.wait(START_SECONDS)

    def stop(self) -> None:
        """Kill it and its children, if it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def tracking_server(
    folder: Path, *options: str, variables: dict[str, str] | None = None
) -> Iterator[LocalServer]:
    """A real `mlflow server` that keeps its runs in `folder`/server.db."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/server.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
        *options,
    ]
    # The eight processes for jobs would take longer to start than a test.
    all_variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | (variables or {})
    running = LocalServer(command, port=port, folder=folder, variables=all_variables)
    try:
        running.wait()
        yield running
    finally:
        running.stop()
