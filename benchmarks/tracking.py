"""What tracking costs a training when its server dies: its time over what it would be without.

    python benchmarks/tracking.py

The digits, tracked by a real `mlflow server` that is killed when half of the epochs are done and
never comes back. What tracking costs is counted as if there were no other core to do it: all the
processor's time that its threads take, the import of MLflow included, and all that passes before the
training begins and after it has ended. (Two processes that do the very same take times up to 30 %
apart on a virtual machine: their ratio tells nothing of five percent.)
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

import measure
import stages

sys.path.append(str(stages.PROJECT / "tests"))
from local_server import tracking_server

from constancy.registry.run import tracked_run
from constancy.registry.sender import Sender
from constancy.registry.store import URI_VARIABLE
from constancy.registry.system import SystemMetrics
from constancy.settings import check_settings
from constancy.training.fit import HISTORY_FILE

ROUNDS, EPOCHS = 3, 60
TARGET = 1.05


def main() -> None:
    settings = check_settings(values())
    rounds = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages.prepare(settings, folder)
        for number in range(ROUNDS):
            place = folder / str(number)
            place.mkdir()
            whole, cost = run(place)
            rounds.append({"tracked": whole, "but for tracking": whole - cost})
            print(f"round {number + 1}: {cost:.2f} s of {whole:.2f} s", file=sys.stderr)
    median = {arm: statistics.median(each[arm] for each in rounds) for arm in rounds[0]}
    ratio = median["tracked"] / median["but for tracking"]
    measure.record("tracking", ratio, TARGET, median, unit="seconds")


def run(place: Path) -> tuple[float, float]:
    """Seconds of a training whose server is killed half-way, and what of them tracking cost."""
    server_folder = place / "server"
    server_folder.mkdir()
    with tracking_server(server_folder) as server:
        command = [sys.executable, __file__, str(place)]
        environment = os.environ | {URI_VARIABLE: server.uri}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            history = place / HISTORY_FILE
            while not history.exists() or len(history.read_text().splitlines()) <= EPOCHS // 2:
                assert process.poll() is None
                time.sleep(0.2)
            server.stop()
            assert process.stdout is not None
            whole, cost = map(float, process.stdout.read().split())
            return whole, cost


def train(place: Path) -> None:
    """One training, in a process of its own: prints its seconds, and what of them tracking cost."""
    settings = check_settings(values())
    os.chdir(place)
    costs = [timed(Sender), timed(SystemMetrics)]
    start = time.perf_counter()
    with tracked_run(settings, "key") as run:
        began = time.perf_counter()
        stages.train(settings, place.parent, place, logger=run.logger)
        ended = time.perf_counter()
    end = time.perf_counter()
    print(end - start, began - start + end - ended + sum(map(sum, costs)))


def timed(thread: type[Thread]) -> list[float]:
    """The processor's seconds of each thread of a class that has ended."""
    seconds: list[float] = []
    run = thread.run

    def run_and_tell(self: Thread) -> None:
        run(self)
        seconds.append(time.thread_time())

    thread.run = run_and_tell  # type: ignore[method-assign]
    return seconds


def values() -> dict:
    """params.yaml, with a number of epochs that no early stop cuts short."""
    loaded = stages.committed()
    loaded["train"] |= {"epochs": EPOCHS, "patience": EPOCHS}
    return loaded


if __name__ == "__main__":
    train(Path(sys.argv[1])) if sys.argv[1:] else main()
