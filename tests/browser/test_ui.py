"""MLflow's UI, opened as `make ui` does, shows the run, its report and the registered model."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from mlflow import MlflowClient
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def ui(small_run: Project) -> Iterator[str]:
    """The address of a running `constancy ui`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        small_run.arguments("constancy", "ui", "--port", str(port)),
        cwd=small_run.folder,
        env=small_run.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith(f"Tracking UI: http://127.0.0.1:{port}/#/experiments/1/runs?")
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert_closed(port)
    finally:
        process.terminate()  # a kill would leave the server behind
        process.wait(timeout=30)


def assert_closed(port: int) -> None:
    """Nothing answers at the port any more: no server outlives the command."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
        except (URLError, OSError):
            return
        time.sleep(0.2)
    pytest.fail("the server outlived the command")


def test_the_run_its_report_and_the_model_can_be_seen(
    ui: str, small_run: Project, visit: Callable[..., Any]
) -> None:
    store = MlflowClient(f"sqlite:///{small_run.folder / 'mlflow.db'}")
    run_id = store.get_model_version("constancy", "1").run_id
    runs = visit(f"{ui}/#/experiments/1/runs/{run_id}?workflowType=machine_learning", 1400).page
    runs.get_by_text("clean/accuracy").first.wait_for(timeout=60_000)
    charts = f"{ui}/#/experiments/1/runs/{run_id}/model-metrics?workflowType=machine_learning"
    metrics = visit(charts, 1400).page
    metrics.get_by_placeholder("Search metric charts").fill("validation_score")
    metrics.get_by_text("validation_score").first.wait_for(timeout=60_000)
    artifacts = visit(f"{ui}/#/experiments/1/runs/{run_id}/artifacts/report.html", 1400).page
    frame = artifacts.frame_locator("iframe").first
    frame.get_by_text("clean test images; weakest under").wait_for(timeout=60_000)
    models = visit(f"{ui}/#/models/constancy", 1400).page
    models.get_by_text("champion").first.wait_for(timeout=60_000)
