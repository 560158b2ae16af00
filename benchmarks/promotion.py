"""Seconds, SQL statements and requests of a promotion and a rollback.

    python benchmarks/promotion.py

A forced promotion and a rollback, 20 of each, in a SQLite store and in a real `mlflow server` on
this machine with its own SQLite: the median time of each, how many SQL statements a store of one's
own takes, and how many requests a server. Reading 50 decisions that went before is part of it.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests
from measure import record
from sqlalchemy import event
from sqlalchemy.engine import Engine
from stages import PROJECT, committed

from constancy.registry.change import promote, roll_back
from constancy.registry.store import connect
from constancy.settings import Settings, check_settings

sys.path.append(str(PROJECT / "tests"))
from deciding_process import fill
from local_server import tracking_server

TIMES = 20
TARGET = 10  # times as long in a server, at the most


def counted(counts: list[int], call: Callable[[], object]) -> tuple[float, int]:
    before, start = counts[0], time.perf_counter()
    call()
    return time.perf_counter() - start, counts[0] - before


def measure(settings: Settings, counts: list[int]) -> dict[str, float]:
    client = connect(settings.tracking)
    fill(client)
    for number in range(50):
        promote(client, settings, number % 2 + 1, "before", dry_run=False)
    promotions, rollbacks = [], []
    for number in range(TIMES):
        version = 3 + number % 2
        promotions.append(
            counted(
                counts, lambda v=version: promote(client, settings, v, "a reason", dry_run=False)
            )
        )
        rollbacks.append(
            counted(counts, lambda: roll_back(client, settings, None, "a reason", dry_run=False))
        )
    return {
        f"{name} {what}": statistics.median(each[at] for each in found)
        for name, found in (("promotion", promotions), ("rollback", rollbacks))
        for at, what in enumerate(("seconds", "queries"))
    }


def settings_for(uri: str) -> Settings:
    values = committed()
    values["tracking"]["uri"] = uri
    return check_settings(values, "params.yaml")


if __name__ == "__main__":
    statements, sent = [0], [0]

    @event.listens_for(Engine, "before_cursor_execute")
    def count_statement(*_: object) -> None:
        statements[0] += 1

    send = requests.Session.send

    def count_request(self: requests.Session, *args: object, **kwargs: object) -> object:
        sent[0] += 1
        return send(self, *args, **kwargs)

    requests.Session.send = count_request  # type: ignore[method-assign,assignment]
    with tempfile.TemporaryDirectory() as scratch:
        sqlite = measure(settings_for(f"sqlite:///{scratch}/mlflow.db"), statements)
        (folder := Path(scratch) / "server").mkdir()
        with tracking_server(folder) as server:
            remote = measure(settings_for(server.uri), sent)
    arms = {
        f"{store}: {name}": value
        for store, found in (("SQLite", sqlite), ("server", remote))
        for name, value in found.items()
    }
    record("promotion", remote["promotion seconds"] / sqlite["promotion seconds"], TARGET, arms)
