"""`constancy serve` under load, beside plain `mlflow models serve` on the same model.

    python benchmarks/serve.py [SIDE]

500 requests by 16 clients that keep their connections, one JPEG photograph of SIDE pixels (512
unless told otherwise) in each; the two servers take turns, on loopback. Told are the latencies p50,
p95 and p99 in seconds, all answers have to be 200, and the ratio is their p95 over ours: what the
checks before MLflow's server cost. Target: 0.9.
"""

import base64
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

import mlflow
import numpy as np
import requests
from measure import record
from predict import photograph, write_model
from sklearn.datasets import load_digits
from stages import PROJECT

from constancy.models.disk import weights_digest
from constancy.registry.package import MODEL_CODE, signature

sys.path.append(str(PROJECT / "tests"))
from local_server import LocalServer, free_port

REQUESTS, CLIENTS, ROUNDS = 500, 16, 5


def bodies(side: int) -> list[dict]:
    digits, rng = (load_digits().images * 15).astype(np.uint8), np.random.default_rng(0)
    found = []
    for digit in digits[:50]:
        file = io.BytesIO()
        photograph(digit, side, rng).save(file, "JPEG", quality=90)
        image = base64.b64encode(file.getvalue()).decode()
        found.append({"dataframe_records": [{"image": image}]})
    return found


@contextmanager
def server(folder: Path, *command: str) -> Iterator[str]:
    """A command that serves on a port of loopback that it is given last; its address."""
    port, path = free_port(), f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folder.mkdir()
    running = LocalServer(
        [sys.executable, "-m", *command, "--port", str(port)],
        port=port,
        folder=folder,
        variables={"PATH": path},
    )
    try:
        running.wait()
        yield running.uri
    finally:
        running.stop()


def load(address: str, asked: list[dict]) -> list[float]:
    """Seconds of each request."""

    def client(number: int) -> list[float]:
        seconds = []
        with requests.Session() as session:
            for at in range(number, REQUESTS, CLIENTS):
                start = time.perf_counter()
                body = asked[at % len(asked)]
                answer = session.post(f"{address}/invocations", json=body, timeout=60)
                seconds.append(time.perf_counter() - start)
                assert answer.status_code == 200, answer.text
        return seconds

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(chain.from_iterable(pool.map(client, range(CLIENTS))))


def main(side: int) -> None:
    bunch, asked = load_digits(), bodies(side)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_model(folder / "model", (bunch.images * 15).astype(np.uint8), bunch.target)
        mlflow.pyfunc.save_model(
            folder / "plain",
            python_model=str(MODEL_CODE),
            artifacts={"model": str(folder / "model")},
            model_config={"weights_sha256": weights_digest(folder / "model")},
            pip_requirements=[],
            signature=signature(),
        )
        arms = {
            "ours": server(
                folder / "ours",
                *("constancy.cli", "serve"),
                *("--model", str(folder / "model")),
            ),
            "theirs": server(
                folder / "theirs",
                *("mlflow", "models", "serve", "--env-manager", "local"),
                *("--model-uri", str(folder / "plain")),
            ),
        }
        running = {name: stack.enter_context(each) for name, each in arms.items()}
        seconds: dict[str, list[float]] = {name: [] for name in arms}
        ratios = []
        for number in range(ROUNDS + 1):
            found = {}
            for name in sorted(running, reverse=bool(number % 2)):
                start = time.perf_counter()
                found[name] = load(running[name], asked)
                rate = REQUESTS / (time.perf_counter() - start)
                print(f"round {number}: {name} {rate:.0f} requests a second", file=sys.stderr)
            if number:  # the first one warms up
                ratios.append(np.quantile(found["theirs"], 0.95) / np.quantile(found["ours"], 0.95))
                for name, some in found.items():
                    seconds[name] += some
        quantiles = {
            f"{name}_p{at}": float(np.quantile(some, at / 100))
            for name, some in seconds.items()
            for at in (50, 95, 99)
        }
    record(f"serve_{side}", statistics.median(ratios), 0.9, quantiles)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
