"""Versions, aliases and decisions in a real registry."""

from functools import partial
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from tracked_project import CARD, Project, scores, write_model

from constancy.errors import UserError
from constancy.files import read_json
from constancy.models.disk import ModelCard, weights_digest
from constancy.paths import CANDIDATE, DECISION, REPORT
from constancy.registry import promotion
from constancy.registry.change import promote, roll_back
from constancy.registry.history import begin
from constancy.registry.lineage import COMMIT_TAG
from constancy.registry.store import connect
from constancy.registry.tracking import create_run
from constancy.registry.versions import CHALLENGER, CHAMPION, model_tags, version_of, versions_of

OTHER_TASK = ModelCard(**vars(CARD) | {"classes": [f"digit {name}" for name in CARD.classes]})


@pytest.fixture
def client(project: Project) -> MlflowClient:
    return connect(project.settings.tracking)


def holder(client: MlflowClient, alias: str) -> int | None:
    version = version_of(client, "constancy", alias)
    return None if version is None else int(version.version)


def versions(client: MlflowClient) -> list[int]:
    found = client.search_model_versions("name = 'constancy'")
    return sorted(int(version.version) for version in found)


def test_the_first_model_that_holds_the_floors_is_champion(
    project: Project, client: MlflowClient
) -> None:
    run_id = create_run(client, project.settings)
    decision = project.register(run_id=run_id)
    written = read_json(DECISION)
    assert written == {
        "verdict": "promoted",
        "model": "constancy",
        "version": 1,
        "alias": "champion",
        "champion_before": None,
        "floors": [vars(check) for check in decision.floors],
        "comparisons": [],
        "reason": "Promoted: every floor is held, and there was no champion before.",
    }
    assert len(written["floors"]) == 11
    version = client.get_model_version("constancy", "1")
    assert holder(client, CHAMPION) == 1
    assert version.run_id == run_id
    assert version.tags["weights_sha256"] == weights_digest(CANDIDATE)
    assert version.tags["verdict"] == "promoted"
    assert "| occlusion | 98.0% | 100.0% | 98.0% |" in version.description
    assert "Right on 98.0% of 270 clean test images" in version.description
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["occlusion/accuracy"] == 0.98
    files = {file.path for file in client.list_artifacts(run_id)}
    assert files == {"metrics.json", "predictions.npz", "report.html", "decision.json"}


def test_the_runs_report_names_the_commit_and_the_projects_is_the_same_in_every_clone(
    project: Project, client: MlflowClient, tmp_path: Path
) -> None:
    run_id = create_run(client, project.settings)
    client.set_tag(run_id, COMMIT_TAG, "c0ffee")
    project.register(run_id=run_id)
    assert (
        "c0ffee" in Path(client.download_artifacts(run_id, REPORT.name, str(tmp_path))).read_text()
    )
    assert "c0ffee" not in REPORT.read_text()


def test_the_same_model_again_is_the_same_version(project: Project, client: MlflowClient) -> None:
    first, again = project.register(), project.register()
    assert (first.version, first.alias) == (again.version, again.alias) == (1, "champion")
    assert again.champion_before is None
    assert versions(client) == [1]
    other_card = ModelCard(**vars(CARD) | {"mean": [80.0]})
    assert project.register(card=other_card).version == 2


def test_a_better_model_takes_the_champions_place(project: Project, client: MlflowClient) -> None:
    project.register(seed=0)
    decision = project.register(seed=1, metrics=scores(0.99))
    assert (decision.version, decision.alias, decision.champion_before) == (2, "champion", 1)
    assert len(decision.comparisons) == 10
    assert {each.standing for each in decision.comparisons} == {"non-inferior"}
    assert len(read_json(DECISION)["comparisons"]) == 10
    assert holder(client, CHAMPION) == 2
    again = project.register(seed=1, metrics=scores(0.99))
    assert (again.verdict, again.version, again.champion_before) == ("promoted", 2, 1)


def test_a_model_below_a_floor_is_kept_without_an_alias(
    project: Project, client: MlflowClient
) -> None:
    project.register(seed=0)
    decision = project.register(seed=1, metrics=scores(0.98, occlusion=0.5))
    assert (decision.verdict, decision.version, decision.alias) == ("refused", 2, None)
    assert client.get_model_version("constancy", "2").aliases == []
    assert client.get_model_version("constancy", "2").tags["verdict"] == "refused"
    assert holder(client, CHAMPION) == 1


def test_a_first_model_below_a_floor_makes_no_champion(
    project: Project, client: MlflowClient
) -> None:
    assert project.register(metrics=scores(0.5)).verdict == "refused"
    assert versions(client) == [1]
    assert holder(client, CHAMPION) is None


def test_a_model_that_may_be_worse_is_challenger_until_it_is_judged_anew(
    project: Project, client: MlflowClient
) -> None:
    project.register(seed=0, metrics=scores(0.99))
    decision = project.register(seed=1, metrics=scores(0.99, scale=0.97))
    assert (decision.verdict, decision.alias) == ("challenger", "challenger")
    assert "it may be worse in scale (-2.00%" in decision.reason
    assert (holder(client, CHAMPION), holder(client, CHALLENGER)) == (1, 2)
    project.register(seed=1, metrics=scores(0.98, scale=0.5))
    assert (holder(client, CHAMPION), holder(client, CHALLENGER)) == (1, None)
    project.register(seed=1, metrics=scores(0.99))
    assert (holder(client, CHAMPION), holder(client, CHALLENGER)) == (2, None)
    assert versions(client) == [1, 2]


def test_a_model_that_is_worse_is_refused(project: Project, client: MlflowClient) -> None:
    project.register(seed=0, metrics=scores(0.99))
    decision = project.register(seed=1, metrics=scores(0.99, scale=0.91))
    assert (decision.verdict, decision.alias) == ("refused", None)
    assert holder(client, CHAMPION) == 1


def test_models_of_another_task_are_not_compared(project: Project, client: MlflowClient) -> None:
    project.register(seed=0)
    decision = project.register(seed=1, metrics=scores(0.99), card=OTHER_TASK)
    assert (decision.verdict, decision.alias) == ("challenger", "challenger")
    assert decision.comparisons == []
    assert "not comparable with the champion: it tells other classes apart" in decision.reason
    assert holder(client, CHAMPION) == 1


def test_a_champion_made_by_hand_is_not_compared(project: Project, client: MlflowClient) -> None:
    client.create_registered_model("constancy")
    client.create_model_version("constancy", Path.cwd().as_uri())
    client.set_registered_model_alias("constancy", CHAMPION, "1")
    assert project.register().verdict == "challenger"
    assert holder(client, CHAMPION) == 1


def test_the_champion_is_not_judged_against_itself(project: Project, client: MlflowClient) -> None:
    project.register()
    decision = project.register(metrics=scores(0.97, suite="6" * 64))
    assert (decision.verdict, decision.alias) == ("promoted", "champion")
    assert decision.reason == "It is champion, and every floor is held."
    assert client.get_model_version("constancy", "1").tags["suite"] == "6" * 64


def test_a_version_that_was_rolled_back_is_not_promoted_again_by_itself(
    project: Project, client: MlflowClient
) -> None:
    project.register(seed=0)
    project.register(seed=1, metrics=scores(0.99))
    roll_back(client, project.settings, None, "It fails on the night shift.", dry_run=False)
    decision = project.register(seed=1, metrics=scores(0.99))
    assert (decision.verdict, holder(client, CHAMPION)) == ("challenger", 1)
    assert "was rolled back (It fails on the night shift.)" in decision.reason
    promote(client, project.settings, 2, None, dry_run=False)
    assert holder(client, CHAMPION) == 2
    roll_back(client, project.settings, None, "Again.", dry_run=False)
    roll_back(client, project.settings, None, "No, it was the lamp.", dry_run=False)
    assert holder(client, CHAMPION) == 2


def test_where_the_champion_was_deleted_none_follows_by_itself(
    project: Project, client: MlflowClient
) -> None:
    project.register(seed=0)
    client.delete_model_version("constancy", "1")
    decision = project.register(seed=1)
    assert (decision.verdict, holder(client, CHAMPION)) == ("challenger", None)
    assert "version 1, the champion, was deleted or lost its alias" in decision.reason


def test_a_champion_below_new_floors_serves_until_another_comes(
    project: Project, client: MlflowClient
) -> None:
    project.register()
    decision = project.with_checks(clean={"floor": 0.99}).register()
    assert (decision.verdict, decision.alias) == ("refused", "champion")
    assert holder(client, CHAMPION) == 1


def test_a_run_that_the_store_does_not_know_is_replaced_with_a_warning(
    project: Project, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    project.register()
    warning = capfd.readouterr().err
    assert warning.startswith("warning: the tracking store knows no run that trained this model")
    assert warning.count("\n") == 1
    run_id = client.get_model_version("constancy", "1").run_id
    assert client.get_run(run_id).data.params["seed"] == "0"


def test_the_same_weights_with_other_serving_code_are_another_version(
    project: Project, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [project.register().version, project.register().version] == [1, 1]
    monkeypatch.setattr(promotion, "code_digest", lambda files: "0" * 64)
    assert project.register().version == 2


def test_what_a_killed_process_left_is_done_first(project: Project, client: MlflowClient) -> None:
    project.register(seed=0)
    project.register(seed=1, metrics=scores(0.98, scale=0.5))
    begin(
        client,
        "constancy",
        kind="promotion",
        version=2,
        champion_before=1,
        champion=2,
        reason="Promoted, and then killed.",
        suite=None,
        weights=None,
        data=None,
        lock=None,
        details={},
    )
    decision = project.register(seed=2, metrics=scores(0.99))
    assert (decision.version, decision.champion_before) == (3, 2)
    assert (holder(client, CHAMPION), holder(client, "previous")) == (3, 2)


def test_a_store_that_is_down_is_an_error_that_names_it(project: Project, nobody: str) -> None:
    with pytest.raises(UserError, match=f"the tracking server at {nobody} does not answer"):
        project.with_tracking(uri=nobody).register()
    assert not DECISION.exists()


def test_names_may_hold_what_mlflow_reads_as_syntax(project: Project, client: MlflowClient) -> None:
    project.register()
    for name in ("Ann's @models, 2%", 'Ann\'s "models"', '"models"'):
        odd = project.with_tracking(model=name, experiment='Ann\'s "first"')
        assert [odd.register().version, odd.register().version] == [1, 1]
        assert [(each.name, int(each.version)) for each in versions_of(client, name)] == [(name, 1)]


def test_versions_are_listed_to_the_last_page(project: Project, client: MlflowClient) -> None:
    for seed in range(3):
        project.register(seed=seed)
    small = partial(client.search_model_versions, max_results=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "search_model_versions", small)
        assert [int(each.version) for each in versions_of(client, "constancy")] == [3, 2, 1]


def test_a_folder_without_weights_is_no_model(project: Project) -> None:
    (write_model(CANDIDATE) / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"holds no model: model\.safetensors is missing"):
        model_tags(CANDIDATE)


def test_another_mistake_than_a_missing_alias_is_not_taken_for_one(
    client: MlflowClient, nobody: str
) -> None:
    assert version_of(client, "constancy", CHAMPION) is None
    with pytest.raises(MlflowException, match="failed"):
        version_of(MlflowClient(nobody), "constancy", CHAMPION)
