"""The server follows its alias: real promotions by commands, while real clients ask."""

import asyncio
import shutil
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from click.testing import CliRunner
from local_server import LocalServer, tracking_server
from scoring_server import ask, records, serving
from tracked_project import Project, scores, write_model

from constancy.cli import main
from constancy.files import write_json
from constancy.paths import METRICS
from constancy.registry.fetch import CACHE
from constancy.registry.store import connect
from constancy.serving.serve.switch import Switch

PARAMS = Path(__file__).resolve().parents[3] / "params.yaml"
SECONDS = 30.0


@pytest.fixture
def two_versions(champion: Project) -> Project:
    """A project whose champion is version 1, which knows the digits, and with a version 2, which
    knows nothing."""
    shutil.copyfile(PARAMS, "params.yaml")
    champion.register(seed=5)
    alias_to(champion, "1")
    shutil.rmtree(CACHE, ignore_errors=True)
    return champion


def alias_to(project: Project, version: str) -> None:
    """By hand, as in MLflow's UI."""
    client = connect(project.settings.tracking)
    client.set_registered_model_alias("constancy", "champion", version)


def constancy(*arguments: str) -> None:
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


@pytest.mark.slow
def test_no_request_is_lost_while_models_are_promoted(
    two_versions: Project, ten_digits: list[np.ndarray]
) -> None:
    body, done, seen = records(ten_digits[:2]), Event(), set()

    def client(server: LocalServer) -> list[tuple[int, str, list[str]]]:
        answers = []
        while not done.is_set():
            answer = ask(server, body)
            model = answer.headers["Constancy-Model"]
            seen.add(model)
            labels = [each["label"] for each in answer.json()["predictions"]]
            answers.append((answer.status_code, model, labels))
        return answers

    with serving(Path.cwd()) as server, ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, server) for _ in range(4)]
        try:
            until(lambda: seen == {"constancy/1"})
            constancy("promote", "2", "--force", "--reason", "to see the server follow")
            until(lambda: "constancy/2" in seen)
            seen.clear()
            constancy("rollback")
            until(lambda: "constancy/1" in seen)
        finally:
            done.set()
        answers = [answer for each in clients for answer in each.result()]
        # It is told after the first answer may have come.
        until(lambda: server.log.count("answers from now on") == 2)
        log = server.log.splitlines()
    assert {status for status, _, _ in answers} == {200}
    told = {model: [found for _, by, found in answers if by == model] for _, model, _ in answers}
    assert set(told) == {"constancy/1", "constancy/2"}
    # Each answer is by the model that it names.
    assert all(found == ["0", "1"] for found in told["constancy/1"])
    assert len({tuple(found) for found in told["constancy/2"]}) == 1
    assert told["constancy/2"][0] != ["0", "1"]
    assert log[1:] == ["constancy/2 answers from now on", "constancy/1 answers from now on"]


@pytest.mark.slow
def test_a_next_model_that_cannot_be_had_leaves_the_present_one_at_work(
    two_versions: Project, ten_digits: list[np.ndarray]
) -> None:
    store, away = Path("mlflow.db"), Path("away.db")
    with serving(Path.cwd()) as server:

        def goes_on() -> bool:
            answer = ask(server, records(ten_digits[:1]))
            return answer.ok and answer.headers["Constancy-Model"] == "constancy/1"

        files = Path("mlartifacts").rglob("artifacts/artifacts/*/model.safetensors")
        second = max(files, key=lambda file: file.stat().st_mtime)
        whole = second.read_bytes()
        shutil.copyfile(write_model(Path("other"), seed=9) / "model.safetensors", second)
        alias_to(two_versions, "2")
        until(lambda: "constancy/1 goes on: the files of constancy version 2 are not" in server.log)
        assert goes_on()

        store.rename(away)
        until(lambda: "constancy/1 goes on: the registry at" in server.log)
        assert goes_on()
        away.rename(store)

        second.write_bytes(whole)  # mended, it is taken
        until(lambda: "constancy/2 answers from now on" in server.log)
        assert not goes_on()
        assert server.log.count("version 2 are not the ones that were registered") <= 2
        assert "Traceback" not in server.log


@pytest.mark.slow
def test_a_registry_on_a_server_is_followed_and_may_go_away(
    project: Project, trained: Path, ten_digits: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(PARAMS, "params.yaml")
    write_json(METRICS, scores())
    Path("tracking").mkdir()
    with tracking_server(Path("tracking").resolve()) as tracking:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.uri)
        project.judge(trained)
        with serving(Path.cwd()) as server:
            project.register(seed=5)
            until(lambda: "constancy/2 answers from now on" in server.log)
            tracking.stop()
            until(lambda: "constancy/2 goes on: the tracking server at" in server.log)
            answer = ask(server, records(ten_digits))
            assert (answer.status_code, answer.headers["Constancy-Model"]) == (200, "constancy/2")
            assert "Traceback" not in server.log


def test_a_version_or_a_folder_stays_whatever_becomes_champion(
    two_versions: Project, trained: Path
) -> None:
    tracking = two_versions.settings.tracking
    for reference, store, name in (("2", tracking, "constancy/2"), (str(trained), None, "model")):
        switch = Switch(reference, store)
        with ThreadPoolExecutor(1) as pool:  # in this thread a browser's loop may run already
            # It ends at once: it does not look for another one.
            pool.submit(asyncio.run, asyncio.wait_for(switch.follow(), 1)).result()
        assert switch.current.name == name


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "7"], "'7' is neither a folder, nor a version or alias of 'constancy'"),
        (["--model", "mlartifacts"], "mlartifacts holds no model: model.yaml is missing"),
        (["--host", "nowhere.invalid"], "port 5001 on nowhere.invalid cannot be had"),
    ],
)
def test_what_cannot_be_served_ends_in_a_sentence(
    two_versions: Project, arguments: list[str], sentence: str
) -> None:
    outcome = CliRunner().invoke(main, ["serve", *arguments])
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(f"constancy: {sentence}")
    assert outcome.stderr.count("\n") == 1


def test_changed_weights_are_not_served(two_versions: Project) -> None:
    for file in Path("mlartifacts").rglob("artifacts/artifacts/*/model.safetensors"):
        shutil.copyfile(write_model(Path("other"), seed=9) / "model.safetensors", file)
    outcome = CliRunner().invoke(main, ["serve"])
    assert outcome.exit_code == 2
    assert "version 1 are not the ones that were registered" in outcome.stderr


def test_a_port_that_is_taken_is_told(two_versions: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = CliRunner().invoke(main, ["serve", "--port", str(port)])
    assert outcome.exit_code == 2
    assert f"port {port} on 127.0.0.1 cannot be had (Address already in use)" in outcome.stderr
