"""The folds of a cross-validation meet in one run that sums them up."""

from copy import deepcopy
from statistics import stdev

import pytest
from mlflow import MlflowClient
from tracked_project import Project, scores

from constancy.registry.folds import sum_up_folds
from constancy.registry.store import connect
from constancy.registry.tracking import create_run, log_evaluation
from constancy.settings import Settings


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
    parent = client.get_run(client.get_run(run_id).data.tags["mlflow.parentRunId"])
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["folds"] == 3
    assert parent.data.metrics["occlusion/accuracy"] == pytest.approx(0.93)
    assert parent.data.metrics["occlusion/accuracy_sd"] == pytest.approx(stdev(accuracies))


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
