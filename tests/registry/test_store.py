"""Where runs go, and a connection to it."""

import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tracked_project import Project

from constancy.errors import UserError
from constancy.registry.store import (
    answering,
    as_default,
    connect,
    experiment,
    sqlite_file,
    tracking_uri,
)
from constancy.settings.tracking import Tracking


def test_the_setting_wins_over_the_environment_and_that_over_the_default(
    in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(None) == f"sqlite:///{in_tmp}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    assert tracking_uri(None) == "http://tracking:5000"
    assert tracking_uri("databricks") == "databricks"


def test_a_relative_path_is_one_in_the_project_also_in_a_temporary_experiment(
    in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracking_uri("sqlite:///runs/all.db") == f"sqlite:///{in_tmp}/runs/all.db"
    assert tracking_uri("sqlite:////srv/all.db") == "sqlite:////srv/all.db"
    elsewhere = in_tmp / ".dvc" / "tmp" / "exps" / "tmpxyz"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert tracking_uri("sqlite:///runs/all.db") == f"sqlite:///{in_tmp}/runs/all.db"


def test_only_sqlite_stores_are_files() -> None:
    assert sqlite_file("sqlite:////a/b.db?timeout=5") == Path("/a/b.db")
    assert sqlite_file("http://host/b.db") is None


def test_the_experiment_is_made_once_with_its_files_in_the_project(project: Project) -> None:
    client = connect(project.settings.tracking)
    first = experiment(client, project.settings.tracking)
    assert experiment(connect(project.settings.tracking), project.settings.tracking) == first
    location = client.get_experiment(first).artifact_location
    assert location == (Path.cwd() / "mlartifacts").as_uri()


def test_a_deleted_experiment_is_named_with_what_to_do(project: Project) -> None:
    client = connect(project.settings.tracking)
    client.delete_experiment(experiment(client, project.settings.tracking))
    with pytest.raises(UserError, match=r"'constancy' was deleted in sqlite.*restore"):
        experiment(client, project.settings.tracking)


def test_a_server_that_is_down_is_named_soon(project: Project, nobody: str) -> None:
    uri = nobody.replace("http://", "http://ann:s3cret@")
    start = time.monotonic()
    with pytest.raises(UserError, match=f"server at {nobody} does not answer") as error:
        connect(project.with_tracking(uri=uri).settings.tracking)
    assert time.monotonic() - start < 4
    assert "s3cret" not in str(error.value)


def test_a_server_that_hangs_is_named_soon(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(UserError, match=f"{uri} does not answer"):
            connect(project.with_tracking(uri=uri).settings.tracking)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "gopher://host/x"])
def test_a_store_that_mlflow_does_not_know_is_named(project: Project, uri: str) -> None:
    tracking = project.with_tracking(uri=uri).settings.tracking
    with pytest.raises(UserError, match=f"the tracking store {uri} cannot be used"):
        experiment(connect(tracking), tracking)


@pytest.mark.parametrize("variable", [None, "http://theirs"])
def test_the_process_wide_store_is_ours_for_a_moment_only(
    project: Project, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    import mlflow

    client = connect(project.settings.tracking)
    if variable:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    before = mlflow.get_tracking_uri()
    with as_default(client):
        assert mlflow.get_tracking_uri() == f"sqlite:///{Path.cwd()}/mlflow.db"
    assert mlflow.get_tracking_uri() == before
    assert os.environ.get("MLFLOW_TRACKING_URI") == variable


class Denial(BaseHTTPRequestHandler):
    """What a server says to whom it does not know."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b"You are not authenticated.")

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_server_that_lets_nobody_in_is_named(project: Project) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Denial) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}"
        tracking = project.with_tracking(uri=uri).settings.tracking
        client = connect(tracking)
        denied = f"the tracking store {uri} cannot be used: .*not authenticated"
        with pytest.raises(UserError, match=denied):
            experiment(client, tracking)
        with pytest.raises(UserError, match=denied), answering(client):
            client.get_run("f" * 32)
        server.shutdown()


def test_other_errors_than_a_server_that_went_away_stay_what_they_are(project: Project) -> None:
    client = connect(project.settings.tracking)
    with pytest.raises(FileNotFoundError), answering(client):
        raise FileNotFoundError


@pytest.mark.parametrize("name", ["what?", "a%41b"])
def test_a_folder_that_no_address_can_name_is_refused(
    in_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (folder := in_tmp / name).mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="rename the folder so that it has neither"):
        connect(Tracking(uri=None, experiment="constancy", model="constancy"))
    assert list(in_tmp.rglob("*")) == [folder]
