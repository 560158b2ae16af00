"""The page stays on this machine: what it serves asks nobody else, and answers nobody else."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from local_server import free_port

from constancy.cli import main
from constancy.serving.play import bring, serve
from constancy.serving.play.playground import Playground
from constancy.settings.base import FACTORS

pytest.importorskip("gradio")

from starlette.testclient import TestClient


def test_neither_page_nor_styles_ask_for_anything_elsewhere(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    asked = re.findall(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["']([^"']+)""", page.text)
    assert asked
    assert not [address for address in asked if "//" in address]
    styles = client.get("/theme.css").text
    assert "@import" not in styles
    assert not re.findall(r"""url\((?!["']?data:)""", styles)


def test_the_browser_is_told_to_ask_nobody_else(client: TestClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "http" not in policy
    assert "*" not in policy


def test_other_names_than_this_machines_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/config", headers={"Host": "evil.example:7860"}).status_code == 400
    assert client.get("/", headers={"Host": "localhost:7860"}).status_code == 200


def test_what_gradio_offers_besides_is_shut(client: TestClient) -> None:
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert config["footer_links"] == []
    assert {each["api_visibility"] for each in config["dependencies"]} == {"private"}
    for path in ("/docs", "/openapi.json", "/monitoring", "/gradio_api/runs"):
        assert client.get(path).status_code in (403, 404), path


def test_files_of_the_machine_are_not_served(client: TestClient, in_project: Path) -> None:
    for path in ("/etc/hostname", str(in_project / "params.yaml")):
        assert client.get(f"/gradio_api/file={path}").status_code in (403, 404)


@pytest.mark.parametrize("name", ["secret.txt", "secret.svg"])
def test_files_of_the_machine_are_not_taken_for_uploads(
    client: TestClient, tmp_path: Path, name: str
) -> None:
    (secret := tmp_path / name).write_text("secret")
    file = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    events = client.get("/config").json()["dependencies"]
    for event in events:
        data = [file] * len(event["inputs"])
        call = {"data": data, "fn_index": event["id"], "session_hash": "test", "event_data": {}}
        client.post("/gradio_api/run/predict", json=call)
    assert sum(bool(event["inputs"]) for event in events) >= 4
    assert not list((tmp_path / "uploads").rglob(name))
    assert client.get(f"/gradio_api/file={secret}").status_code == 403


@pytest.mark.parametrize(
    ("typed", "shown"),
    [(None, ""), ("", ""), (99, "occlusion 7"), (-4, ""), (2.3, "occlusion 2.3")],
)
def test_a_number_that_is_half_typed_counts_as_the_nearest(
    client: TestClient, typed: object, shown: str
) -> None:
    config = client.get("/config").json()
    event = next(each for each in config["dependencies"] if each["api_name"] == "show")
    severities = dict.fromkeys(FACTORS, 0) | {"occlusion": typed}
    call = {"data": [None, None, *severities.values()], "fn_index": event["id"]}
    answer = client.post("/gradio_api/run/predict", json=call | {"session_hash": "test"})
    assert answer.status_code == 200
    assert (shown or "by no factor yet") in answer.json()["data"][0]


def test_too_large_a_file_is_refused(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bring, "MAX_UPLOAD", 10_000)
    client = TestClient(serve.application(playground), base_url="http://127.0.0.1")
    sent = {"files": ("large.png", b"0" * 20_000)}
    assert client.post("/gradio_api/upload", files=sent).status_code == 413


def test_without_gradio_the_command_names_the_extra(
    in_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    outcome = CliRunner().invoke(main, ["play"])
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "constancy: constancy play needs the package gradio: pip install 'constancy[play]'\n"
    )


def test_a_port_that_is_taken_is_named(in_project: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = CliRunner().invoke(main, ["play", "--port", str(port)])
    assert outcome.exit_code == 2
    assert f"port {port} on 127.0.0.1 is in use" in outcome.stderr
    assert f"constancy play --port {port + 1}" in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])  # which raises SIGTERM
def test_it_ends_quietly_and_leaves_nothing(
    in_project: Path, tmp_path: Path, number: signal.Signals
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "constancy.cli", "play", "--port", str(port)],
        cwd=in_project,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Play: http://127.0.0.1:{port} (Ctrl-C stops it)\n"
        page = f"http://127.0.0.1:{port}"
        with requests.get(f"{page}/gradio_api/heartbeat/a", stream=True, timeout=30) as opened:
            assert opened.status_code == 200
            sent = {"files": ("left.png", b"0" * 20_000)}
            assert requests.post(f"{page}/gradio_api/upload", files=sent, timeout=30).ok
            assert list(tmp_path.glob("constancy-play-*/*/left.png"))
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (0, "", "")
    assert not list(tmp_path.glob("constancy-play-*"))
