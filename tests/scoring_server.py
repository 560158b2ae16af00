"""`constancy serve` as a process on this machine, and requests to it."""

import base64
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import requests
from local_server import LocalServer, free_port
from tracked_project import png

JSON = {"Content-Type": "application/json"}


def text(image: np.ndarray) -> str:
    """A PNG in Base64."""
    return base64.b64encode(png(image)).decode()


def records(images: Sequence[np.ndarray]) -> dict:
    """A request."""
    return {"dataframe_records": [{"image": text(image)} for image in images]}


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[LocalServer]:
    """The server, run in `folder`, for the time of the block."""
    port = free_port()
    command = [sys.executable, "-m", "constancy.cli", "serve", "--port", str(port), *options]
    server = LocalServer(command, port=port, folder=folder, variables={})
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def ask(server: LocalServer, body: dict | bytes, **options: object) -> requests.Response:
    """Its answer to a request of JSON, given as such or as bytes."""
    sent = {"json": body} if isinstance(body, dict) else {"data": body, "headers": JSON}
    return requests.post(f"{server.uri}/invocations", timeout=60, **sent, **options)
