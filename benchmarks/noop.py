"""What it costs to find that nothing has changed, over DVC's own no-op.

    python benchmarks/noop.py DIGITS-PROJECT [OTHER-PROJECT]

Both are folders in which the pipeline has run. Target: `constancy run` takes at most 1 s more than
`dvc repro` on the digits; so does `dvc repro` on the other project, whatever its size.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import record

BIN = Path(sys.executable).parent
ROUNDS = 5


def seconds(folder: str, *command: str) -> float:
    start = time.perf_counter()
    subprocess.run([BIN / command[0], *command[1:]], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    digits, *others = sys.argv[1:]
    arms: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        arms.setdefault("dvc", []).append(seconds(digits, "dvc", "repro"))
        arms.setdefault("ours", []).append(seconds(digits, "constancy", "run"))
        for other in others:
            arms.setdefault("dvc, other", []).append(seconds(other, "dvc", "repro"))
    medians = {arm: statistics.median(times) for arm, times in arms.items()}
    more = {arm: round(each - medians["dvc"], 3) for arm, each in medians.items() if arm != "dvc"}
    record("noop", max(more.values()), 1, medians, seconds_more=more)
