"""Training with a real tracking server that is killed, slow, or fails now and then."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from line import STEPS, fit
from local_server import LocalServer, tracking_server
from project import REPOSITORY
from proxy import proxy
from pytorch_lightning.loggers import Logger
from tracked_project import Project, runs

from constancy.registry.run import Run, tracked_run
from constancy.registry.store import URI_VARIABLE, connect
from constancy.registry.sync import pending, send_journals

EPOCHS_AFTER = 40

TRAINING = f"""
from pathlib import Path
from constancy.registry.run import tracked_run
from constancy.settings import load_settings
from line import fit

def enough(epoch):
    global last
    if last is None and Path("killed").exists():
        last = epoch + {EPOCHS_AFTER}
    return epoch == last

last = None
with tracked_run(load_settings(), "key") as run:
    epochs = fit(run.logger, enough)
    run.complete("0" * 64)
print(epochs)
"""


def environment(uri: str) -> dict[str, str]:
    paths = [str(REPOSITORY / "src"), str(REPOSITORY / "tests")]
    return os.environ | {URI_VARIABLE: uri, "PYTHONPATH": os.pathsep.join(paths)}


def constancy(*arguments: str, uri: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "constancy.cli", *arguments]
    return subprocess.run(
        command, env=environment(uri), capture_output=True, text=True, check=False
    )


def steps(project: Project, name: str) -> list[int]:
    (run,) = runs(project)
    history = connect(project.settings.tracking).get_metric_history(run.info.run_id, name)
    return sorted(point.step for point in history)


@pytest.mark.slow
def test_a_server_that_is_killed_in_mid_fit_gets_everything_later(
    project: Project, server: LocalServer, tmp_path: Path
) -> None:
    Path("params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    tracked = project.with_tracking(uri=server.uri)
    command = [sys.executable, "-c", TRAINING]
    with subprocess.Popen(
        command,
        env=environment(server.uri),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as training:
        while not any(run.data.metrics for run in runs(tracked)):
            assert training.poll() is None, training.communicate()
            time.sleep(0.1)
        server.stop()
        Path("killed").touch()
        output, told = training.communicate()
    assert training.returncode == 0, told
    told = [line for line in told.splitlines() if line.startswith("warning")]
    assert len(told) == 2
    assert told[0].startswith(f"warning: the tracking server at {server.uri} does not answer: ")
    assert told[1].endswith("events of this run are not sent yet: `constancy sync` sends them")

    away = constancy("sync", uri=server.uri)
    assert (away.returncode, away.stdout) == (1, "")
    assert away.stderr.startswith(f"constancy: the tracking server at {server.uri} does not answer")
    assert away.stderr.count("\n") == 1
    left = pending()
    assert left.runs == 1
    assert left.events > EPOCHS_AFTER

    with tracking_server(tmp_path / "server") as again:
        said = constancy("sync", "--dry-run", uri=again.uri).stdout
        assert said == f"{left.events} events of 1 runs are not sent yet\n"
        done = constancy("sync", uri=again.uri)
        assert (done.returncode, done.stdout) == (0, f"sent {left.events} events of 1 runs\n")
        tracked = project.with_tracking(uri=again.uri)
        epochs = int(output)
        expected = [STEPS * epoch - 1 for epoch in range(1, epochs + 1)]
        assert steps(tracked, "train_loss") == expected
        assert [run.info.status for run in runs(tracked)] == ["FINISHED"]
    assert constancy("sync", uri=server.uri).stdout == "sent 0 events of 0 runs\n"


def timed(run: Run) -> tuple[Logger, list[float]]:
    """The run's logger, and a list that gets the seconds of each of its calls."""
    logger, seconds = run.logger, []
    assert logger is not None
    log = logger.log_metrics

    def log_metrics(metrics: dict[str, float], step: int | None = None) -> None:
        start = time.perf_counter()
        log(metrics, step)
        seconds.append(time.perf_counter() - start)

    logger.log_metrics = log_metrics  # type: ignore[method-assign]
    return logger, seconds


def wait_until_sent(project: Project) -> None:
    """What a busy sender still holds at the end of training is sent in its own time, or by us."""
    end = time.monotonic() + 120
    while [run.info.status for run in runs(project)] != ["FINISHED"]:
        assert time.monotonic() < end
        send_journals(project.settings.tracking)
        time.sleep(0.2)


@pytest.mark.slow
def test_a_slow_server_and_one_that_fails_now_and_then_do_not_hold_training_up(
    project: Project, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, how in enumerate(({"delay": 2.0}, {"fails_every": 4})):
        named = {"experiment": f"experiment {number}"}
        with proxy(server.uri, **how) as uri:
            behind = project.with_tracking(uri=uri, **named)
            with tracked_run(behind.settings, f"key {number}") as run:
                logger, seconds = timed(run)
                fit(logger, lambda epoch: epoch == 40)
                end = time.monotonic()
            assert time.monotonic() - end < 7
            assert sum(seconds) < 0.05 * 40 * 0.05
            direct = project.with_tracking(uri=server.uri, **named)
            wait_until_sent(direct)
            assert steps(direct, "train_loss") == [STEPS * each - 1 for each in range(1, 42)]
