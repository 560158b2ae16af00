"""What happens to a registry: servers that go away, users without rights, stores that moved."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import requests
import yaml
from click.testing import CliRunner
from deciding_process import fill
from local_server import LocalServer, tracking_server
from mlflow import MlflowClient
from mlflow.tracking._tracking_service.utils import _artifact_repos_cache
from proxy import proxy
from tracked_project import Project, scores

from constancy.cli import main
from constancy.errors import UserError
from constancy.registry import exclusive
from constancy.registry.change import promote
from constancy.registry.history import pending, records
from constancy.registry.store import answering, connect
from constancy.registry.versions import CHAMPION, PREVIOUS, number_of
from constancy.settings import Settings

ADMIN, READER = ("admin", "the password of the admin"), ("ann", "a password of ann's")


def promote_at(settings: Settings, version: int) -> None:
    client = connect(settings.tracking)
    with answering(client):
        promote(client, settings, version, "a test", dry_run=False)


def said(call: Callable[[], None]) -> str | None:
    """What a user is told by whom this is called; None where all went well."""
    try:
        call()
    except UserError as error:
        return str(error)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("heard", [True, False])
def test_wherever_a_server_goes_away_the_next_one_finds_or_takes_the_rest(
    project: Project, server: LocalServer, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(exclusive, "LEASE_SECONDS", 0.3)  # by another address, another machine
    here = project.with_tracking(uri=server.uri).settings
    client = connect(here.tracking)
    fill(client)
    promote(client, here, 1, "a test", dry_run=False)
    for changes in count(1):
        champion = number_of(client, "constancy", CHAMPION)
        target = 3 - champion
        with proxy(server.uri, gone_after=changes, heard=heard) as uri:
            there = project.with_tracking(uri=uri).settings
            error = said(lambda there=there, target=target: promote_at(there, target))
        assert error is None or "does not answer" in error
        assert number_of(client, "constancy", CHAMPION) in (champion, target)
        begun = pending(client, "constancy")
        # MLflow remembers of each run where its files go, in this process through the proxy.
        _artifact_repos_cache.clear()
        # A decision that changes nothing, but takes the rest first.
        promote(client, here, target if begun else champion, "a test", dry_run=False)
        assert pending(client, "constancy") == []
        last = next(each for each in records(client, "constancy") if each.state == "done")
        now = [number_of(client, "constancy", alias) for alias in (CHAMPION, PREVIOUS)]
        assert now == [last.champion, last.champion_before]
        if error is None:
            break
    assert changes > 5


@pytest.fixture
def locked_server(
    project: Project, tmp_path: Path, migrated: Path
) -> Iterator[tuple[LocalServer, MlflowClient]]:
    """A server that asks who one is, with a champion, an admin, and a user who may only look.

    And a client that needs no password, since it reads the server's database.
    """
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copyfile(migrated, folder / "server.db")
    direct = project.with_tracking(uri=f"sqlite:///{folder}/server.db").settings
    fill(client := connect(direct.tracking))
    promote(client, direct, 1, "a test", dry_run=False)
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndatabase_uri = sqlite:///{folder}/users.db\nadmin_username = {ADMIN[0]}\n"
        f"admin_password = {ADMIN[1]}\ndefault_permission = READ\n"
    )
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
    }
    with tracking_server(folder, "--app-name", "basic-auth", variables=variables) as running:
        made = requests.post(
            f"{running.uri}/api/2.0/mlflow/users/create",
            json=dict(zip(("username", "password"), READER, strict=True)),
            auth=ADMIN,
            timeout=30,
        )
        assert made.ok, made.text
        yield running, client


@pytest.mark.slow
def test_a_user_without_the_right_is_refused(
    project: Project,
    locked_server: tuple[LocalServer, MlflowClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, client = locked_server
    project = project.with_tracking(uri=server.uri)
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", READER[0])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", READER[1])
    assert "forced promotion of 1" in CliRunner().invoke(main, ["history"]).stdout
    for command in (
        ["promote", "2", "--force", "--reason", "it is mine"],
        ["rollback", "--to", "2"],
    ):
        refused = CliRunner().invoke(main, command)
        assert refused.exit_code == 2, refused.output
        assert "Permission denied" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    with pytest.raises(UserError, match="Permission denied"):
        project.register(seed=2)

    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a wrong one")
    refused = CliRunner().invoke(main, ["models"])
    assert refused.exit_code == 2
    assert "not authenticated" in refused.stderr.lower()

    assert number_of(client, "constancy", CHAMPION) == 1
    assert [each.name for each in client.search_registered_models()] == ["constancy"]
    assert [each.state for each in records(client, "constancy")] == ["done"]


def test_a_registry_that_moved_without_its_files_is_told(
    project: Project, server: LocalServer, tmp_path: Path
) -> None:
    project = project.with_tracking(uri=server.uri)
    project.register(seed=0)
    shutil.rmtree(tmp_path / "server/artifacts")
    with pytest.raises(UserError, match="constancy version 1 cannot be fetched"):
        project.register(seed=1, metrics=scores(0.99))
    client = connect(project.settings.tracking)
    assert number_of(client, "constancy", CHAMPION) == 1


def test_a_project_that_moved_with_its_store_is_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.register(seed=0)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    monkeypatch.chdir(moved)
    with pytest.raises(
        UserError, match=rf"mlflow\.db was made in {tmp_path}, and names that place"
    ):
        project.register(seed=1)
    assert not tmp_path.exists()


def test_a_server_that_knows_nothing_yet_begins_anew(project: Project, server: LocalServer) -> None:
    assert project.register(seed=0).version == 1
    assert project.register(seed=1, metrics=scores(0.99)).version == 2
    moved = project.with_tracking(uri=server.uri)
    decision = moved.register(seed=1, metrics=scores(0.99))
    assert (decision.version, decision.alias, decision.champion_before) == (1, "champion", None)
    client: MlflowClient = connect(moved.settings.tracking)
    assert [each.kind for each in records(client, "constancy")] == ["promotion"]
