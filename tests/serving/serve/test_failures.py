"""What becomes of a client that is too slow, and of a model that fails: the server in this process,
with a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
import uvicorn
from scoring_server import JSON, records
from tracked_project import CARD

from constancy.models.disk import save_model
from constancy.serving.serve import front as fronts
from constancy.serving.serve.switch import Switch

RAMP = np.tile(np.linspace(0, 255, 8).astype(np.uint8), (8, 1))
WHITE = np.full((8, 8), 255, np.uint8)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The server on the model in a folder; its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        app = fronts.front(Switch(str(folder), None), 1 << 20)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}/invocations"
        finally:
            server.should_exit = True
            thread.join()


def test_a_body_that_does_not_come_is_not_waited_for(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "BODY_SECONDS", 0.5)

    def slow() -> Iterator[bytes]:
        yield b"{"
        time.sleep(2)
        yield b"}"

    with running(trained) as address:
        answer = requests.post(address, data=slow(), headers=JSON, timeout=30)
    assert answer.status_code == 408
    assert answer.json()["error_code"] == "REQUEST_TIMEOUT"


def test_a_model_that_fails_is_the_servers_fault_and_its_log_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its numbers are finite for a ramp and no more for a white image."""
    network = CARD.build().eval()
    with torch.no_grad():
        layers = [each for each in network.modules() if isinstance(each, torch.nn.Linear)]
        for layer in layers:
            layer.weight.fill_(1.0)
        ramp, white = (
            network(torch.from_numpy(image)[None, None]).max().item() for image in (RAMP, WHITE)
        )
        assert 0 < ramp < white
        layers[-1].weight.mul_(float(np.finfo(np.float32).max) / np.sqrt(ramp * white))
    save_model(tmp_path, network, CARD)
    with running(tmp_path) as address:
        good = requests.post(address, json=records([RAMP]), timeout=30)
        failed = requests.post(address, json=records([WHITE]), timeout=30)
    assert good.status_code == 200
    assert failed.status_code == 500
    assert failed.json() == {
        "error_code": "INTERNAL_SERVER_ERROR",
        "message": "the model failed; the server's log says why",
    }
    assert "answers with numbers that are not finite" in capfd.readouterr().err
