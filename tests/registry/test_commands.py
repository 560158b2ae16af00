"""The registry's commands: what they say, what they change, what they refuse."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from mlflow import MlflowClient
from tracked_project import Project, project_in, scores

from constancy.cli import main
from constancy.registry.store import connect
from constancy.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, version_of


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, migrated: Path, committed: dict) -> Path:
    """A project's folder with version 1, champion; version 2, challenger; version 3, refused."""
    folder = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        patched.chdir(folder)
        project = project_in(folder, committed, migrated)
        Path("params.yaml").write_text(yaml.safe_dump(project.values))
        project.register(seed=0, metrics=scores(0.98))
        project.register(seed=1, metrics=scores(0.98, scale=0.955))
        project.register(seed=2, metrics=scores(0.98, scale=0.5))
    return folder


@pytest.fixture
def project(in_tmp: Path, judged: Path, params: dict, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it, but for the versions' files, which stay where they are."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    elsewhere = shutil.ignore_patterns("mlartifacts", "mlflow.db*")
    shutil.copytree(judged, in_tmp, ignore=elsewhere, dirs_exist_ok=True)
    return project_in(in_tmp, params, judged / "mlflow.db")


@pytest.fixture
def client(project: Project) -> MlflowClient:
    return connect(project.settings.tracking)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def holders(client: MlflowClient) -> dict[str, int | None]:
    found = {}
    for alias in (CHAMPION, CHALLENGER, PREVIOUS):
        version = version_of(client, "constancy", alias)
        found[alias] = int(version.version) if version else None
    return found


def history() -> list[dict]:
    return json.loads(run("history", "--json").stdout)


def test_models_lists_versions_with_verdicts_and_aliases(project: Project) -> None:
    rows = json.loads(run("models", "--json").stdout)
    assert [(row["version"], row["verdict"], row["aliases"]) for row in rows] == [
        (3, "refused", []),
        (2, "challenger", ["challenger"]),
        (1, "promoted", ["champion"]),
    ]
    lines = run("models").stdout.splitlines()
    assert lines[1].split()[:2] == ["2", "challenger"]
    assert lines[2].endswith("UTC  champion")


def test_every_decision_is_in_the_history(project: Project) -> None:
    found = history()
    assert [(each["number"], each["kind"], each["version"]) for each in found] == [
        (3, "refusal", 3),
        (2, "challenge", 2),
        (1, "promotion", 1),
    ]
    assert [each["champion"] for each in found] == [1, 1, 1]
    first = found[-1]
    assert first["champion_before"] is None
    assert "@" in first["by"]
    assert {each["held"] for each in first["details"]["floors"]} == {True}
    assert "refusal of 3" in run("history").stdout
    project.register(seed=2, metrics=scores(0.98, scale=0.5))
    assert len(history()) == 3  # the same again is no new decision


def test_history_survives_deleted_versions(project: Project, client: MlflowClient) -> None:
    client.delete_model_version("constancy", "3")
    assert run("why", "3").stdout.startswith("# constancy 3 (deleted)\n\n   3  ")
    assert [each["version"] for each in history()] == [3, 2, 1]


def test_why_has_the_card_and_the_decisions(project: Project) -> None:
    told = run("why", "2").stdout
    assert told.startswith("# constancy 2 (challenger)\n\n   2  ")
    assert "| scale |" in told
    assert "challenge of 2" in told
    about = json.loads(run("why", "1", "--json").stdout)
    assert about["aliases"] == ["champion"]
    assert [each["version"] for each in about["decisions"]] == [3, 2, 1]
    outcome = run("why", "9")
    assert outcome.exit_code == 2
    assert "there is no version 9 of 'constancy': `constancy models` shows" in outcome.stderr


def test_a_version_that_the_gate_does_not_let_is_not_promoted(
    project: Project, client: MlflowClient
) -> None:
    outcome = run("promote", "2")
    assert outcome.exit_code == 2
    assert "constancy 2 cannot be promoted. Kept as challenger: it may be worse" in outcome.stderr
    assert holders(client)[CHAMPION] == 1
    assert len(history()) == 3


def test_a_version_that_the_gate_lets_is_promoted(project: Project, client: MlflowClient) -> None:
    project.values["promotion"]["checks"]["scale"]["margin"] = 0.2
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    would = run("promote", "2", "--dry-run")
    assert would.stdout.startswith("constancy 2 would become champion. Promoted:")
    assert holders(client)[CHAMPION] == 1
    told = json.loads(run("promote", "2", "--json").stdout)
    assert (told["champion"], told["previous"], told["challenger"]) == (2, 1, None)
    assert history()[0]["kind"] == "promotion"
    assert run("promote", "2").stdout == "constancy 2 is champion already.\n"


def test_force_needs_a_reason_and_keeps_it(project: Project, client: MlflowClient) -> None:
    for arguments in (("--force",), ("--force", "--reason", " ")):
        outcome = run("promote", "3", *arguments)
        assert outcome.exit_code == 2
        assert "--force needs --reason TEXT" in outcome.stderr
    assert run("promote", "3", "--reason", "why not").exit_code == 2
    outcome = run("promote", "3", "--force", "--reason", "the old one leaks")
    assert outcome.exit_code == 0
    assert holders(client) == {CHAMPION: 3, CHALLENGER: 2, PREVIOUS: 1}
    newest = history()[0]
    assert (newest["kind"], newest["reason"]) == ("forced promotion", "Forced: the old one leaks")


def test_a_rollback_goes_back_and_a_second_one_forth(
    project: Project, client: MlflowClient
) -> None:
    outcome = run("rollback")
    assert outcome.exit_code == 2
    assert "no version of 'constancy' was champion before: name one with `--to`" in outcome.stderr
    run("promote", "3", "--force", "--reason", "a test")
    assert run("rollback", "--dry-run").stdout == "constancy would go from 3 back to 1.\n"
    assert holders(client)[CHAMPION] == 3
    assert run("rollback").stdout == "constancy went from 3 back to 1.\n"
    assert holders(client) == {CHAMPION: 1, CHALLENGER: 2, PREVIOUS: 3}
    assert run("rollback").exit_code == 0
    assert holders(client)[CHAMPION] == 3
    assert run("rollback", "--to", "2", "--reason", "it was right").exit_code == 0
    assert holders(client) == {CHAMPION: 2, CHALLENGER: None, PREVIOUS: 3}
    assert history()[0]["reason"] == "it was right"
    assert "champion already" in run("rollback", "--to", "2").stderr


def test_a_reason_is_kept_as_one_line_of_text(project: Project) -> None:
    outcome = run("promote", "3", "--force", "--reason", "it\nleaks\udcff\x1b[31m")
    assert outcome.exit_code == 0, outcome.output
    assert history()[0]["reason"] == r"Forced: it leaks\udcff\x1b[31m"
    assert run("rollback", "--reason", "\udcff").exit_code == 0
    assert history()[0]["reason"] == r"\udcff"


def test_numbers_that_no_version_can_have_are_none(project: Project) -> None:
    number = "9" * 20
    for arguments in (("promote", number), ("why", number), ("rollback", "--to", number)):
        outcome = run(*arguments)
        assert outcome.exit_code == 2
        assert f"there is no version {number} of 'constancy'" in outcome.stderr


def test_a_dry_run_of_a_rollback_waits_for_nobody(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("constancy.registry.change.alone")
    outcome = run("rollback", "--to", "3", "--dry-run")
    assert outcome.stdout == "constancy would go from 1 back to 3.\n"


def test_a_champion_deleted_by_hand_can_be_replaced(project: Project, client: MlflowClient) -> None:
    run("promote", "3", "--force", "--reason", "a test")
    client.delete_model_version("constancy", "3")
    assert holders(client)[CHAMPION] is None
    assert run("models").exit_code == 0
    assert run("rollback").stdout == "constancy went back to 1.\n"
    assert holders(client)[CHAMPION] == 1


def test_an_alias_moved_by_hand_is_where_it_goes_on(project: Project, client: MlflowClient) -> None:
    client.set_registered_model_alias("constancy", CHAMPION, "2")
    assert run("rollback", "--to", "1").stdout == "constancy went from 2 back to 1.\n"
    assert history()[0]["champion_before"] == 2


def test_a_version_made_by_hand_is_never_champion(project: Project, client: MlflowClient) -> None:
    client.create_model_version("constancy", Path.cwd().as_uri())
    for arguments in (("promote", "4", "--force", "--reason", "a test"), ("rollback", "--to", "4")):
        outcome = run(*arguments)
        assert outcome.exit_code == 2
        assert "constancy 4 carries no tags of Constancy" in outcome.stderr
    assert run("models").stdout.splitlines()[0].split()[:3] == ["4", "not", "judged"]


def test_an_empty_registry_is_told(in_tmp: Path, params: dict) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(params))
    assert "no versions of 'constancy' yet: `make run` registers one" in run("models").stdout
    assert "nothing was decided about 'constancy' yet" in run("history").stdout
    assert json.loads(run("models", "--json").stdout) == []
    changes = (("promote", "1"), ("rollback", "--dry-run"), ("why", "1"))
    for arguments, why in (
        *((each, "nothing is registered yet: `make run` trains") for each in changes),
        (("gate",), "models/candidate holds no model to judge: `make run` trains one"),
    ):
        outcome = run(*arguments)
        assert outcome.exit_code == 2
        assert outcome.stderr.startswith(f"constancy: {why}")
    assert not Path("mlflow.db").exists()  # nothing is made just to find it empty


def test_a_server_that_is_down_is_told(project: Project, nobody: str) -> None:
    project.values["tracking"]["uri"] = nobody
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    for arguments in (("models",), ("promote", "2"), ("rollback",), ("history",), ("why", "1")):
        outcome = run(*arguments)
        assert outcome.exit_code == 2
        assert f"the tracking server at {nobody} does not answer" in outcome.stderr
