"""The folds of a cross-validation meet in one run that sums them up."""

import threading
import time
from copy import deepcopy
from statistics import stdev
from typing import Any

import pytest
from mlflow import MlflowClient
from tracked_project import Project, scores

from constancy.files import read_json
from constancy.paths import DECISION
from constancy.registry import folds
from constancy.registry.folds import sum_up_folds
from constancy.registry.store import connect
from constancy.registry.tracking import create_run, log_evaluation
from constancy.settings import Settings
from constancy.summary import _verdict


def fold(project: Project, number: int, **train: object) -> Settings:
    values = deepcopy(project.values)
    values["data"]["split"] |= {"folds": 3, "fold": number}
    values["train"] |= train
    return Settings.model_validate(values)


def run(client: MlflowClient, settings: Settings, accuracy: float) -> tuple[str, str | None]:
    run_id = create_run(client, settings)
    log_evaluation(client, run_id, scores(accuracy), [])
    return run_id, sum_up_folds(client, settings, run_id)


@pytest.fixture
def client(project: Project) -> MlflowClient:
    return connect(project.settings.tracking)


def test_without_folds_there_is_nothing_to_sum_up(project: Project, client: MlflowClient) -> None:
    assert run(client, project.settings, 0.9)[1] is None


def test_mean_and_deviation_over_the_folds_are_in_a_run_above_theirs(
    project: Project, client: MlflowClient
) -> None:
    accuracies = [0.9, 0.96, 0.93]
    lines = []
    for number, accuracy in enumerate(accuracies):
        run_id, line = run(client, fold(project, number), accuracy)
        lines.append(line)
    assert lines[0] == "1 of 3 folds: clean accuracy 0.9000, weakest factor 0.9000"
    assert lines[2] is not None
    assert lines[2].startswith(
        f"3 of 3 folds: clean accuracy 0.9300 (standard deviation {stdev(accuracies):.4f})"
    )
    child = client.get_run(run_id)
    assert child.info.run_name == "fold 2 of 3"
    parent = client.get_run(child.data.tags["mlflow.parentRunId"])
    assert parent.info.run_name == "3 folds, digits"
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["folds"] == 3
    assert parent.data.metrics["occlusion/accuracy"] == pytest.approx(0.93)
    assert parent.data.metrics["occlusion/accuracy_sd"] == pytest.approx(stdev(accuracies))
    assert not [name for name in parent.data.metrics if "count" in name]


def test_a_fold_run_again_counts_once_with_its_newest_outcome(
    project: Project, client: MlflowClient
) -> None:
    run(client, fold(project, 0), 0.5)
    run(client, fold(project, 1), 0.9)
    _, line = run(client, fold(project, 0), 0.7)
    assert line is not None
    assert line.startswith("2 of 3 folds: clean accuracy 0.8000")


def test_folds_under_other_settings_are_another_cross_validation(
    project: Project, client: MlflowClient
) -> None:
    run(client, fold(project, 0), 0.9)
    _, line = run(client, fold(project, 1, epochs=3), 0.9)
    assert line is not None
    assert line.startswith("1 of 3 folds")


def test_folds_that_end_at_the_same_moment_meet_in_one_run(
    project: Project, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = [fold(project, number) for number in range(3)]
    ids = [create_run(client, each) for each in settings]
    for run_id in ids:
        log_evaluation(client, run_id, scores(0.9), [])
    find = folds._find

    def slowly(*arguments: Any) -> Any:
        found = find(*arguments)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(folds, "_find", slowly)
    threads = [
        threading.Thread(target=sum_up_folds, args=(connect(each.tracking), each, run_id))
        for each, run_id in zip(settings, ids, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (parent,) = {client.get_run(run_id).data.tags["mlflow.parentRunId"] for run_id in ids}
    assert client.get_run(parent).data.metrics["folds"] == 3


def test_the_model_of_a_fold_is_no_candidate(
    project: Project, client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    project.register(seed=0, metrics=scores(0.97))
    settings = fold(project, 1)
    run_id = create_run(client, settings)
    decision = Project(settings, project.values).register(
        seed=1, metrics=scores(0.99), run_id=run_id
    )
    assert read_json(DECISION) == {
        "verdict": "left out",
        "model": "constancy",
        "version": None,
        "alias": None,
        "champion_before": None,
        "floors": [],
        "comparisons": [],
        "reason": decision.reason,
    }
    assert decision.reason == (
        "Fold 1 of 3: its model is an estimate, not a candidate, and stays out of the registry."
    )
    assert "1 of 3 folds: clean accuracy 0.9900" in capsys.readouterr().out
    assert len(client.search_model_versions("name = 'constancy'")) == 1
    assert int(client.get_model_version_by_alias("constancy", "champion").version) == 1
    assert client.get_run(run_id).info.status == "FINISHED"
    assert client.get_run(run_id).data.metrics["clean/accuracy"] == 0.99
    assert _verdict(read_json(DECISION)) == ["Verdict  left out", f"         {decision.reason}"]
