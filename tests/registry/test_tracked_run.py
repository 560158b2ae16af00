"""The run of a training: what it says at its beginning and end, and what becomes of a killed one."""

import multiprocessing
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from tracked_project import Project, runs

from constancy.errors import UserError
from constancy.paths import training_folder
from constancy.registry.journal import find_journals
from constancy.registry.run import UNTRACKED, tracked_run
from constancy.registry.store import connect
from constancy.registry.sync import pending, send_journals
from constancy.registry.tracking import find_run
from constancy.settings import Settings
from constancy.settings.tracking import Tracking

pytestmark = pytest.mark.usefixtures("patient")

# A child of this process has MLflow imported already, which takes seconds else.
FORK = multiprocessing.get_context("fork")


def train_for_ever(settings: Settings, key: str) -> None:
    with tracked_run(settings, key) as run:
        for step in range(1_000_000):
            run.logger.log_metrics({"loss": 1 / (step + 1)}, step)
            time.sleep(0.02)


def killed_in_training(project: Project, key: str) -> None:
    """A run that goes on in the store though its process was killed."""
    process = FORK.Process(target=train_for_ever, args=(project.settings, key))
    process.start()
    while not any(run.data.metrics and run.info.status == "RUNNING" for run in runs(project)):
        assert process.is_alive()
        time.sleep(0.1)
    process.kill()
    process.join()


def test_a_training_that_ends_well_leaves_a_finished_run_and_no_journal(project: Project) -> None:
    with tracked_run(project.settings, "key") as run:
        run.logger.log_metrics({"loss": 0.5})
        run.tag("precision", "fp32")
        run.complete("0" * 64, seconds=2.5)
    (found,) = runs(project)
    assert found.info.status == "FINISHED"
    assert (found.data.metrics["loss"], found.data.metrics["seconds"]) == (0.5, 2.5)
    assert found.data.tags["precision"] == "fp32"
    tracking = project.settings.tracking
    assert find_run(connect(tracking), tracking, "0" * 64) == found.info.run_id
    assert find_journals() == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED")],
)
def test_a_training_that_ends_badly_says_so(
    project: Project, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error), tracked_run(project.settings, "key"):
        raise error
    assert [run.info.status for run in runs(project)] == [status]


def test_a_killed_training_on_the_same_inputs_goes_on_in_its_run(project: Project) -> None:
    killed_in_training(project, "key")
    (before,) = runs(project)
    (training_folder() / "key").mkdir(parents=True)
    send_journals(project.settings.tracking)
    assert [run.info.status for run in runs(project)] == ["KILLED"]
    with tracked_run(project.settings, "key") as run:
        for step in range(1000):  # the first of them again
            run.logger.log_metrics({"loss": 1 / (step + 1)}, step)
    (after,) = runs(project)
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
    client = connect(project.settings.tracking)
    history = client.get_metric_history(after.info.run_id, "loss")
    assert sorted(point.step for point in history) == list(range(1000))
    assert find_journals() == []


def test_a_training_on_other_inputs_closes_the_run_of_a_killed_one(project: Project) -> None:
    killed_in_training(project, "key")
    (killed,) = runs(project)
    with tracked_run(project.settings, "other"):
        pass
    states = {run.info.run_id: run.info for run in runs(project)}
    assert sorted(info.status for info in states.values()) == ["FINISHED", "KILLED"]
    info = states[killed.info.run_id]
    assert info.status == "KILLED"
    assert 0 <= info.end_time - info.start_time < 100_000
    assert find_journals() == []


def test_a_journal_in_use_is_left_alone(project: Project) -> None:
    with tracked_run(project.settings, "key") as run:
        run.logger.log_metrics({"loss": 0.5})
        assert pending() == (0, 0)
        assert send_journals(project.settings.tracking) == (0, 0)
        with tracked_run(project.settings, "other"):
            pass
        assert {run.info.status for run in runs(project)} <= {"RUNNING", "FINISHED"}
    assert {run.info.status for run in runs(project)} == {"FINISHED"}


def test_a_model_trained_while_the_store_was_away_is_registered_in_its_run(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    away = project.with_tracking(uri=nobody)
    capfd.readouterr()
    with tracked_run(away.settings, "key") as run:
        run.logger.log_metrics({"loss": 0.5})
        run.complete(project.weights())
    output, told = capfd.readouterr()
    first, last = told.splitlines()
    assert output == ""
    assert first.startswith(f"warning: the tracking server at {nobody} does not answer: ")
    assert first.endswith("; training goes on, and what is tracked is sent later")
    assert last.endswith("events of this run are not sent yet: `constancy sync` sends them")
    assert pending().runs == 1
    assert project.register().verdict == "promoted"
    (found,) = runs(project)
    assert found.data.metrics["loss"] == 0.5
    assert found.data.metrics["clean/accuracy"] == 0.98
    assert "warning" not in capfd.readouterr().err


def test_a_journal_whose_experiment_was_deleted_holds_no_other_up(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    away = project.with_tracking(uri=nobody)
    names = [f"experiment {number}" for number in range(3)]
    for name in names:
        with tracked_run(away.with_tracking(experiment=name).settings, name):
            pass
    client = connect(project.settings.tracking)
    client.delete_experiment(client.create_experiment(names[1]))
    with pytest.raises(UserError, match="'experiment 1' was deleted"):
        send_journals(project.settings.tracking)
    for name, count in zip(names, (1, 0, 1), strict=True):
        number = client.get_experiment_by_name(name).experiment_id
        assert len(client.search_runs([number])) == count
    capfd.readouterr()
    assert project.register().verdict == "promoted"
    assert "what was not sent stays in its journal" in capfd.readouterr().err


def test_one_line_says_that_the_store_is_away_and_one_that_it_is_back(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tries = []

    def connect_at_the_third_try(tracking: Tracking) -> MlflowClient:
        tries.append(tracking)
        if len(tries) < 3:
            raise UserError("the store does not answer")
        return connect(tracking)

    monkeypatch.setattr("constancy.registry.delivery.connect", connect_at_the_third_try)
    monkeypatch.setattr("constancy.registry.sender.EVERY_SECONDS", 0.01)
    capfd.readouterr()
    with tracked_run(project.settings, "key"):
        while not any(run.data.params for run in runs(project)):
            time.sleep(0.05)
    assert [run.info.status for run in runs(project)] == ["FINISHED"]
    assert capfd.readouterr().err == (
        "warning: the store does not answer; training goes on, and what is tracked is sent later\n"
        "train: the tracking store can be used again\n"
    )


def test_a_broken_dvc_lock_costs_the_tracking_and_one_line(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("dvc.lock").write_text("<<<<<<< HEAD\nstages: {")
    capfd.readouterr()
    with tracked_run(project.settings, "key") as run:
        assert run is UNTRACKED
        assert run.logger is None
        run.tag("precision", "fp32")
        run.complete("0" * 64)
    warning = capfd.readouterr().err
    assert warning.startswith("warning: dvc.lock cannot be read as YAML: restore it")
    assert warning.count("\n") == 1
    assert runs(project) == []


def test_no_secret_is_in_a_journal_or_a_warning(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = nobody.replace("http://", "http://ann:s3cret@")
    Path("notes").touch()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "notes"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    Path("notes").write_text(f"uri: {secret}\n")
    with tracked_run(project.with_tracking(uri=secret).settings, "key"):
        pass
    (journal,) = find_journals()
    text = journal.read_text()
    assert f"+uri: {nobody}" in text
    assert "s3cret" not in text + capfd.readouterr().err


def test_what_the_machine_does_is_logged_under_the_names_that_mlflow_knows(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("constancy.registry.system.SAMPLE_SECONDS", 0.02)
    with tracked_run(project.settings, "key"):
        time.sleep(0.2)
    (run,) = runs(project)
    assert run.data.metrics["system/system_memory_usage_megabytes"] > 1
    assert 0 <= run.data.metrics["system/cpu_utilization_percentage"] <= 100
