"""Runs: what they record, and what happens where they cannot be kept."""

import hashlib
import json
import subprocess
from pathlib import Path

import numpy
import pytest
from ruamel.yaml import YAML
from tracked_project import SUITE, Project, scores

from constancy.registry.store import connect
from constancy.registry.tracking import (
    TRAINING,
    WEIGHTS_TAG,
    create_run,
    find_run,
    log_evaluation,
    run_parameters,
)
from constancy.settings import Settings

DIGEST = "0123456789abcdef0123456789abcdef.dir"


LOCK = f"""
schema: '2.0'
stages:
  prepare:
    outs: [{{path: data/prepared, md5: {DIGEST}, size: 9}}]
  augment:
    outs: [{{path: data/augmented, md5: 123.dir}}, {{path: data/suites, md5: 456.dir}}]
"""


def write_dvc_lock(text: str) -> None:
    Path("dvc.lock").write_text(text)


def test_a_run_records_settings_and_where_it_comes_from(project: Project) -> None:
    write_dvc_lock(LOCK)
    Path("requirements.lock").write_text("numpy==2.4.6\n")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "requirements.lock"], check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, "commit", "-qm", "one"], check=True)
    client = connect(project.settings.tracking)
    run_id = create_run(client, project.settings)
    run = client.get_run(run_id)
    assert run.info.status == "RUNNING"
    settings = project.settings
    assert run.data.params["train.epochs"] == str(settings.train.epochs)
    assert run.data.params["model.cnn.filters"] == json.dumps(settings.model.cnn.filters)
    assert {key.partition(".")[0] for key in run.data.params} == set(TRAINING)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    assert run.data.tags["mlflow.source.git.commit"] == commit.stdout.strip()
    assert run.data.tags["git.dirty"] == "false"
    assert run.data.tags["data/prepared.md5"] == DIGEST
    assert run.data.tags["data/suites.md5"] == "456.dir"
    assert "dvc.lock.sha256" not in run.data.tags  # the lock does not know this training yet
    assert len(run.data.tags["requirements.lock.sha256"]) == 64
    assert "CPUs, " in run.data.tags["machine.cpus"]
    assert run.data.tags["machine.memory"].endswith(" GB")
    assert run.data.tags["torch"]
    assert int(run.data.tags["machine.threads"]) >= 1
    assert f"numpy {numpy.__version__}, " in run.data.tags["libraries"]
    assert run.data.tags["mlflow.source.git.branch"]
    assert client.list_artifacts(run_id) == []

    Path("requirements.lock").write_text("numpy==2.4.7\n")
    again = client.get_run(create_run(client, project.settings))
    assert again.data.tags["git.dirty"] == "true"
    patch = client.download_artifacts(again.info.run_id, "diff.patch")
    assert "+numpy==2.4.7" in Path(patch).read_text()
    lock = "requirements.lock.sha256"
    assert again.data.tags[lock] != run.data.tags[lock]
    experiments = [run.info.experiment_id]
    found = client.search_runs(experiments, f"dataset.digest = '{DIGEST}'")
    assert {each.info.run_id for each in found} == {run_id, again.info.run_id}


@pytest.mark.parametrize("lock", [None, "stages: {}", "", "stages: {prepare: {}}", "- 1"])
def test_a_run_without_git_and_recorded_data_is_a_run_all_the_same(
    project: Project, lock: str | None
) -> None:
    if lock is not None:
        write_dvc_lock(lock)
    client = connect(project.settings.tracking)
    run = client.get_run(create_run(client, project.settings))
    assert "mlflow.source.git.commit" not in run.data.tags
    assert run.inputs.dataset_inputs == []


def test_a_run_says_by_what_it_was_judged_last(project: Project) -> None:
    write_dvc_lock(LOCK)
    client = connect(project.settings.tracking)
    run_id = create_run(client, project.settings)
    project.register(run_id=run_id)
    before = client.get_run(run_id).data.tags
    # DVC records `register` when it has ended, and its own layout of the file means nothing.
    stages = YAML(typ="safe").load(LOCK)["stages"]
    write_dvc_lock(json.dumps({"stages": stages | {"register": {"outs": []}}, "schema": "2.0"}))
    project.with_checks(clean={"floor": 0.5}).register(run_id=run_id)
    after = client.get_run(run_id).data.tags
    assert json.loads(before["promotion"])["checks"]["clean"]["floor"] == 0.97
    assert json.loads(after["promotion"])["checks"]["clean"]["floor"] == 0.5
    assert json.loads(after["evaluate"]) == project.settings.evaluate.model_dump()
    text = json.dumps(stages, sort_keys=True)
    assert before["dvc.lock.sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert after["dvc.lock.sha256"] == before["dvc.lock.sha256"]
    write_dvc_lock(LOCK.replace("123.dir", "124.dir"))
    project.register(run_id=run_id)
    assert client.get_run(run_id).data.tags["dvc.lock.sha256"] != before["dvc.lock.sha256"]


def test_parameters_hold_no_password(params: dict) -> None:
    params["data"]["source"] = "archive:https://ann:s3cret@host/images.zip"
    params["tracking"]["uri"] = "https://ann:s3cret@tracking"
    parameters = run_parameters(Settings.model_validate(params))
    assert parameters["data.source"] == "archive:https://host/images.zip"
    assert "s3cret" not in json.dumps(parameters)
    assert set(parameters) > {"seed", "train.mix.occlusion", "suites.test"}


def test_a_run_is_found_by_the_weights_that_it_trained(project: Project) -> None:
    tracking, client = project.settings.tracking, connect(project.settings.tracking)
    assert find_run(client, tracking, "1" * 64) is None
    runs = [create_run(client, project.settings) for _ in range(3)]
    for run_id, digit in zip(runs, "112", strict=True):
        client.set_tag(run_id, WEIGHTS_TAG, digit * 64)
    assert find_run(client, tracking, "1" * 64) == runs[1]
    client.delete_run(runs[1])
    assert find_run(client, tracking, "1" * 64) == runs[0]


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
