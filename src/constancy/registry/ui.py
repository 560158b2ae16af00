"""MLflow's tracking UI on this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.ports import HOST, check_port
from constancy.registry.store import (
    connect,
    experiment,
    quiet_mlflow,
    tracking_uri,
)
from constancy.settings.tracking import Tracking

START_SECONDS = 60.0


def serve_ui(tracking: Tracking, port: int) -> int:
    """Serve the UI until it is interrupted; returns the exit code.

    Raises UserError if the port is taken, or if the runs are kept by a server, which has a UI of
    its own.
    """
    uri = tracking_uri(tracking.uri)
    if uri.startswith(("http://", "https://")):
        raise UserError(f"the runs are kept by a server: open {without_secrets(uri)} in a browser")
    check_port(port, f"make ui PORT={port + 1}")
    number = experiment(connect(tracking), tracking)
    address = f"http://{HOST}:{port}"
    page = f"{address}/#/experiments/{number}/runs?workflowType=machine_learning"
    server = _start(uri, port)
    # Whoever stops this command, by Ctrl-C or a signal, stops the server with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _wait_until_ready(server, address)
        print(f"Tracking UI: {page} (Ctrl-C stops it)", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def _start(uri: str, port: int) -> "subprocess.Popen[bytes]":
    quiet_mlflow()
    # The job runners would cost half a gigabyte; nothing here uses them.
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    environment |= os.environ
    command = [sys.executable, "-m", "mlflow", "server"]
    command += ["--backend-store-uri", uri, "--registry-store-uri", uri]
    command += ["--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning"]
    # In a session of its own, since Ctrl-C in the terminal would end it amid a traceback.
    return subprocess.Popen(command, env=environment, cwd=Path.cwd(), start_new_session=True)


def _wait_until_ready(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise UserError(
                f"the tracking UI ended at once (exit code {server.returncode}); see above"
            )
        try:
            with urlopen(f"{address}/health", timeout=1):  # noqa: S310 -- our own address
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise UserError(f"the tracking UI was not ready after {START_SECONDS:.0f} s")
