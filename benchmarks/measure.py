"""What all benchmarks share: two arms in one run, interleaved, and the ratio that they show."""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

REPORTS = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"


def compare(
    name: str, target: float, ours: Callable[[], Any], theirs: Callable[[], Any], *, rounds: int
) -> float:
    """Time both arms in turn; print a table, write reports/benchmarks/NAME.json, return the ratio.

    The ratio is the median over the rounds of their seconds over ours: how many times faster we
    are. Both run once in each round, and which goes first changes from round to round.
    """
    arms: dict[str, list[float]] = {"ours": [], "theirs": []}
    calls = {"ours": ours, "theirs": theirs}
    for number in range(rounds):
        for arm in sorted(calls, reverse=bool(number % 2)):
            start = time.perf_counter()
            calls[arm]()
            arms[arm].append(time.perf_counter() - start)
            print(f"round {number + 1}: {arm} {arms[arm][-1]:.2f} s", file=sys.stderr)
    pairs = zip(arms["theirs"], arms["ours"], strict=True)
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    record(name, ratio, target, {arm: statistics.median(seconds) for arm, seconds in arms.items()})
    return ratio


def apart(arm: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """An arm in a process of its own, which nothing touches that ours sets for its whole process."""
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    return lambda: pool.submit(arm, *args).result()


def record(name: str, ratio: float, target: float, arms: dict[str, float], **more: Any) -> None:
    """Print a benchmark's outcome and write it to reports/benchmarks/NAME.json."""
    result = {"name": name, "ratio": round(ratio, 3), "target": target, "arms": arms, **more}
    REPORTS.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    text = json.dumps(result | {"machine": machine}, indent=2)
    (REPORTS / f"{name}.json").write_text(text + "\n")
    shown = ", ".join(f"{arm} {value:.4g}" for arm, value in arms.items())
    print(f"{name}: {ratio:.2f} (target {target:g}); {shown}")
