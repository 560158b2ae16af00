"""What tracking costs a training when its server dies: its time over that of one without tracking.

    python benchmarks/tracking.py

Both arms train the digits, each in a process of its own. One is tracked by a real `mlflow server`
that is killed when half of the epochs are done and never comes back; its time counts from before
the run begins until after it has ended, the import of MLflow included.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import measure
import stages

sys.path.append(str(stages.PROJECT / "tests"))
from local_server import tracking_server

from constancy.registry.run import UNTRACKED, tracked_run
from constancy.registry.store import URI_VARIABLE
from constancy.settings import check_settings
from constancy.training.fit import HISTORY_FILE

ROUNDS, EPOCHS = 3, 20
TARGET = 1.05


def main() -> None:
    settings = check_settings(values())
    ratios, arms = [], {"server killed": [], "not tracked": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages.prepare(settings, folder)
        for number in range(ROUNDS):
            seconds = {}
            for arm in sorted(arms, reverse=bool(number % 2)):
                place = folder / f"{arm} {number}"
                place.mkdir()
                seconds[arm] = run_tracked(place) if arm == "server killed" else run(place)
                arms[arm].append(seconds[arm])
                print(f"round {number + 1}: {arm} {seconds[arm]:.2f} s", file=sys.stderr)
            ratios.append(seconds["server killed"] / seconds["not tracked"])
    medians = {arm: statistics.median(each) for arm, each in arms.items()}
    measure.record("tracking", statistics.median(ratios), TARGET, medians, unit="seconds")


def run_tracked(place: Path) -> float:
    """Seconds of a training whose server is killed half-way."""
    server_folder = place / "server"
    server_folder.mkdir()
    with tracking_server(server_folder) as server:

        def kill_half_way() -> None:
            history = place / HISTORY_FILE
            if history.exists() and len(history.read_text().splitlines()) > EPOCHS // 2:
                server.stop()

        return run(place, server.uri, kill_half_way)


def run(place: Path, uri: str = "", meanwhile: Callable[[], None] = lambda: None) -> float:
    """Seconds that a training took in a process of its own."""
    command = [sys.executable, __file__, str(place)]
    environment = os.environ | {URI_VARIABLE: uri}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            meanwhile()
            time.sleep(0.2)
        assert process.stdout is not None
        return float(process.stdout.read())


def train(place: Path) -> None:
    """One training, in a process of its own: prints its seconds."""
    settings = check_settings(values())
    os.chdir(place)
    start = time.perf_counter()
    tracked = os.environ[URI_VARIABLE]
    with tracked_run(settings, "key") if tracked else nullcontext(UNTRACKED) as run:
        stages.train(settings, place.parent, place, logger=run.logger)
    print(time.perf_counter() - start)


def values() -> dict:
    """params.yaml, with a number of epochs that no early stop cuts short."""
    loaded = stages.committed()
    loaded["train"] |= {"epochs": EPOCHS, "patience": EPOCHS}
    return loaded


if __name__ == "__main__":
    train(Path(sys.argv[1])) if sys.argv[1:] else main()
