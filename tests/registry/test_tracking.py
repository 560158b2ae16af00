"""Runs: what they record, and what happens where they cannot be kept."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from tracked_project import SUITE, Project, scores

from constancy.registry.store import connect
from constancy.registry.tracking import (
    create_run,
    end_run,
    find_run,
    flat_metrics,
    log_evaluation,
    run_parameters,
    start_run,
)
from constancy.settings import Settings

DIGEST = "0123456789abcdef0123456789abcdef.dir"


def write_dvc_lock(text: str) -> None:
    Path("dvc.lock").write_text(text)


def test_a_run_records_settings_and_where_it_comes_from(project: Project) -> None:
    write_dvc_lock(
        f"stages: {{prepare: {{outs: [{{path: data/prepared, md5: {DIGEST}, size: 9}}]}}}}"
    )
    Path("requirements.lock").write_text("numpy==2.4.6\n")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "requirements.lock"], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, "commit", "-qm", "one"], check=True)
    run_id = start_run(project.settings)
    client = connect(project.settings.tracking)
    run = client.get_run(run_id)
    assert run.info.status == "RUNNING"
    settings = project.settings
    assert run.data.params["train.epochs"] == str(settings.train.epochs)
    assert run.data.params["model.cnn.filters"] == json.dumps(settings.model.cnn.filters)
    floor = str(settings.promotion.floors.intra_class)
    assert run.data.params["promotion.floors.intra-class"] == floor
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    assert run.data.tags["mlflow.source.git.commit"] == commit.stdout.strip()
    assert run.data.tags["git.dirty"] == "false"
    assert len(run.data.tags["dvc.lock.sha256"]) == 64
    assert len(run.data.tags["requirements.lock.sha256"]) == 64
    assert "CPUs" in run.data.tags["machine"]

    Path("requirements.lock").write_text("numpy==2.4.7\n")
    again = client.get_run(start_run(project.settings))
    assert again.data.tags["git.dirty"] == "true"
    lock = "requirements.lock.sha256"
    assert again.data.tags[lock] != run.data.tags[lock]
    experiments = [run.info.experiment_id]
    found = client.search_runs(experiments, f"dataset.digest = '{DIGEST}'")
    assert {each.info.run_id for each in found} == {run_id, again.info.run_id}


@pytest.mark.parametrize("lock", [None, "stages: {}", "", "stages: {prepare: {}}"])
def test_a_run_without_git_and_recorded_data_is_a_run_all_the_same(
    project: Project, lock: str | None
) -> None:
    if lock is not None:
        write_dvc_lock(lock)
    run = connect(project.settings.tracking).get_run(start_run(project.settings))
    assert "mlflow.source.git.commit" not in run.data.tags
    assert run.inputs.dataset_inputs == []


def test_a_broken_dvc_lock_costs_the_tracking_and_one_line(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    write_dvc_lock("<<<<<<< HEAD\nstages: {")
    assert start_run(project.settings) is None
    warning = capfd.readouterr().err
    assert warning.startswith("warning: dvc.lock cannot be read as YAML: restore it")
    assert warning.count("\n") == 1


def test_parameters_hold_no_password(params: dict) -> None:
    params["data"]["source"] = "archive:https://ann:s3cret@host/images.zip"
    params["tracking"]["uri"] = "https://ann:s3cret@tracking"
    parameters = run_parameters(Settings.model_validate(params))
    assert parameters["data.source"] == "archive:https://host/images.zip"
    assert "s3cret" not in json.dumps(parameters)
    assert set(parameters) > {"seed", "train.mix.occlusion", "suites.test"}


def test_training_goes_on_without_a_server(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    project = project.with_tracking(uri=nobody)
    start = time.monotonic()
    assert start_run(project.settings) is None
    assert time.monotonic() - start < 5
    output, warning = capfd.readouterr()
    assert output == ""
    assert warning.startswith(f"warning: the tracking server at {nobody} does not answer: ")
    assert warning.endswith("; this run is not tracked\n")
    assert warning.count("\n") == 1


def test_training_goes_on_where_nothing_can_be_written(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    project = project.with_tracking(uri="sqlite:///file/mlflow.db")
    assert start_run(project.settings) is None
    assert capfd.readouterr().err.count("\n") == 1


def test_a_run_ends_as_it_is_told(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tracking = project.settings.tracking
    run_id = start_run(project.settings)
    end_run(tracking, run_id, "FAILED")
    assert connect(tracking).get_run(run_id).info.status == "FAILED"
    end_run(project.with_tracking(uri=nobody).settings.tracking, None)
    assert capfd.readouterr() == ("", "")
    end_run(project.with_tracking(uri=nobody).settings.tracking, run_id)
    assert capfd.readouterr().err.count("\n") == 1


def test_a_run_that_is_no_more_is_not_found(project: Project) -> None:
    client = connect(project.settings.tracking)
    run_id = create_run(client, project.settings)
    assert find_run(client, run_id) == run_id
    client.delete_run(run_id)
    assert find_run(client, run_id) is None
    assert find_run(client, "f" * 32) is None
    assert find_run(client, "no/run") is None
    assert find_run(client, None) is None


def test_scores_have_stable_names_and_severities_are_steps(project: Project) -> None:
    metrics = scores(0.98, occlusion=0.91)
    metrics["factors"]["scale"]["severities"] = [0.9, 0.8, 0.7, 0.6, 0.5]
    Path("plots").mkdir()
    Path("plots/severity.csv").write_text("factor")
    client = connect(project.settings.tracking)
    run_id = create_run(client, project.settings)
    log_evaluation(client, run_id, metrics, [Path("plots")])
    run = client.get_run(run_id)
    assert run.data.metrics["clean/accuracy"] == 0.98
    assert run.data.metrics["intra-class/retention"] == 1.0
    assert run.data.metrics["worst_factor/accuracy"] == 0.91
    assert run.data.tags["worst_factor"] == "occlusion"
    assert run.data.tags["suite"] == SUITE
    history = client.get_metric_history(run_id, "scale/severity")
    assert [(point.step, point.value) for point in history] == list(
        enumerate([0.9, 0.8, 0.7, 0.6, 0.5], 1)
    )
    assert [file.path for file in client.list_artifacts(run_id, "plots")] == ["plots/severity.csv"]
    assert len(list(flat_metrics(metrics))) == 3 + 7 * 7
