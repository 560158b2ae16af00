"""A team's day on the services of compose.yaml: one trains, CI promotes, a colleague gets it all."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from mlflow.server import get_app_client
from project import SMALL, Project, clone
from ruamel.yaml import YAML
from team_server import TeamServer, team_server

from constancy.settings.base import COMBINED, FACTORS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

USERS = {"ana": "the password of ana", "ci": "the password of ci"}
# What is tested is the way of a model, however poor it is.
POOR = (
    SMALL
    | {
        f"promotion.checks.{name}.floor": 0.0
        for name in ("clean", *FACTORS, COMBINED, "sensitivity")
    }
    | {"promotion.checks.calibration_error.ceiling": 1.0}
)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TeamServer]:
    """The running services, with the users and the role that docs/team.md makes."""
    with team_server(tmp_path) as services:
        admin = services.login("admin", services.settings["MLFLOW_ADMIN_PASSWORD"])
        with monkeypatch.context() as patched:
            for name, value in admin.items():
                patched.setenv(name, value)
            server = get_app_client("basic-auth", services.uri)
            role = server.create_role("default", "engineers")
            server.add_role_permission(role.id, "experiment", "*", "EDIT")
            for name, password in USERS.items():
                server.create_user(name, password)
                server.assign_role(name, role.id)
        yield services


def done(project: Project, *command: str) -> str:
    """What a command of the environment said, which must succeed."""
    result = project.run(*command)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def outputs(project: Project) -> dict[str, str]:
    """The hash of each output of the first five stages, as dvc.lock records it."""
    stages = YAML(typ="safe").load((project.folder / "dvc.lock").read_text())["stages"]
    stages.pop("register", None)
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def fresh_clone(origin: Project, folder: Path, team: TeamServer, user: str) -> Project:
    """A clone that has what git has, on a machine with the store's keys in its environment."""
    git(origin.folder, "clone", "-q", ".", str(folder))
    keys = {
        "AWS_ACCESS_KEY_ID": "S3_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY": "S3_SECRET_ACCESS_KEY",
    }
    stored = {name: team.settings[setting] for name, setting in keys.items()}
    return Project(folder, team.login(user, USERS[user]) | stored)


def test_one_trains_ci_promotes_and_a_colleague_has_nothing_to_do(
    team: TeamServer, small_run: Project, tmp_path: Path
) -> None:
    ana = replace(clone(tmp_path / "ana"), variables=team.login("ana", USERS["ana"]))
    ana.set(POOR)
    done(ana, "dvc", "remote", "add", "-d", "team", "s3://dvc")
    done(ana, "dvc", "remote", "modify", "team", "endpointurl", team.s3)
    for name in ("access_key_id", "secret_access_key"):
        key = team.settings[f"S3_{name.upper()}"]
        done(ana, "dvc", "remote", "modify", "--local", "team", name, key)
    done(ana, "dvc", "repro", "evaluate")
    assert len(outputs(ana)) == 14
    assert outputs(ana) == outputs(small_run)  # another clone, the same bits
    assert done(ana, "constancy", "gate").startswith("Promoted: ")
    done(ana, "dvc", "push")
    git(ana.folder, "commit", "-q", "-a", "-m", "A model")

    ci = fresh_clone(ana, tmp_path / "ci", team, "ci")
    done(ci, "dvc", "pull", "--with-deps", "evaluate")
    said = done(ci, "constancy", "run")
    assert "Verdict  promoted: constancy version 1, alias champion" in said
    stages = [line for line in said.splitlines() if line.startswith("Running stage")]
    assert stages == ["Running stage 'register':"]
    done(ci, "dvc", "push")
    git(ci.folder, "commit", "-q", "-a", "-m", "Its decision")

    colleague = fresh_clone(ci, tmp_path / "colleague", team, "ana")
    done(colleague, "dvc", "pull")
    said = done(colleague, "constancy", "run")
    assert "Nothing has changed: every stage is up to date." in said
    assert "Verdict  promoted: constancy version 1, alias champion" in said
    assert "champion" in done(colleague, "constancy", "models")
    assert "promotion of 1, champion none -> 1" in done(colleague, "constancy", "history")
    picture = "docs/pictures/ui.png"
    assert picture in done(colleague, "constancy", "predict", picture)  # by files from the server

    def moves_the_champion(user: str) -> int:
        alias = {"name": "constancy", "alias": "champion", "version": "1"}
        address = f"{team.uri}/api/2.0/mlflow/registered-models/alias"
        return requests.post(address, json=alias, auth=(user, USERS[user])).status_code

    assert (moves_the_champion("ana"), moves_the_champion("ci")) == (403, 200)

    stored = {file.key.rpartition("/")[2] for file in team.bucket("mlflow").objects.all()}
    assert {"model.safetensors", "report.html"} <= stored
    committed = (colleague.folder / ".dvc" / "config").read_text()
    assert team.settings["S3_ACCESS_KEY_ID"] not in committed
