"""What is in a journal arrives in the store: in order, and once."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from tracked_project import Project, runs

from constancy.registry.delivery import Delivery, position, sent_file
from constancy.registry.journal import Event, Journal
from constancy.registry.store import connect

BEGIN = Event("begin", {"experiment": "constancy", "key": "k", "time": 5})
INPUT = Event("input", {"name": "prepared", "digest": "0" * 32 + ".dir", "source": "digits"})


@pytest.fixture
def client(project: Project) -> MlflowClient:
    return connect(project.settings.tracking)


@pytest.fixture
def journal(project: Project) -> Journal:
    return Journal.create([BEGIN])


def send(project: Project, journal: Journal) -> Run:
    Delivery(journal.path, project.settings.tracking).send()
    (run,) = runs(project)
    return run


def history(client: MlflowClient, run: Run, name: str) -> list[tuple[int, float]]:
    points = client.get_metric_history(run.info.run_id, name)
    return sorted((point.step, point.value) for point in points)


def test_every_kind_arrives_in_as_many_batches_as_it_takes(
    project: Project, client: MlflowClient, journal: Journal
) -> None:
    journal.append(Event("params", {f"p{n}": str(n) for n in range(150)}), INPUT)
    journal.append(Event("texts", {"diff.patch": "+ é\n"}), Event("tags", {"a": "1", "b": "2"}))
    journal.append(Event("metrics", [("many", n / 2, 7, n) for n in range(2100)]))
    for step in range(700):
        journal.log({"loss": 1.0}, step)
    journal.append(Event("tags", {"a": "3"}), Event("status", ("FAILED", 9)))
    run = send(project, journal)
    assert (run.info.status, run.info.start_time, run.info.end_time) == ("FAILED", 5, 9)
    assert len(run.data.params) == 150
    assert (run.data.tags["a"], run.data.tags["b"]) == ("3", "2")
    assert history(client, run, "many") == [(n, n / 2) for n in range(2100)]
    assert len(history(client, run, "loss")) == 700
    assert [each.dataset.name for each in run.inputs.dataset_inputs] == ["prepared"]
    (file,) = client.list_artifacts(run.info.run_id)
    assert Path(client.download_artifacts(run.info.run_id, file.path)).read_text() == "+ é\n"


def test_what_is_sent_again_after_a_cut_is_stored_once(
    project: Project, client: MlflowClient, journal: Journal
) -> None:
    journal.append(Event("params", {"p": "1"}), INPUT)
    for step in range(20):
        journal.log({"loss": step / 4, "odd": float("nan")}, step)
    send(project, journal)
    known = position(journal.path)
    for step in range(20, 40):
        journal.log({"loss": step / 4, "odd": float("nan")}, step)
    send(project, journal)
    for before in (known, 0, None):  # as a kill between sending and remembering leaves it
        if before is None:
            sent_file(journal.path).unlink()
        else:
            sent_file(journal.path).write_text(str(before))
        run = send(project, journal)
        assert history(client, run, "loss") == [(step, step / 4) for step in range(40)]
        assert len(history(client, run, "odd")) == 40
        assert len(run.inputs.dataset_inputs) == 1
    assert position(journal.path) == journal.path.stat().st_size


def test_where_nobody_knows_what_was_sent_all_is_sent_again(in_tmp: Path) -> None:
    journal = in_tmp / "journal.jsonl"
    sent_file(journal).write_bytes(b"")  # as a power cut may leave it
    assert position(journal) == 0


def test_what_the_store_refuses_is_left_out_with_one_warning(
    project: Project, client: MlflowClient, journal: Journal, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    long = "x" * 300
    journal.append(Event("params", {"p": "1", long: "2"}), Event("params", {"p": "3"}))
    for step in range(30):
        journal.log({"loss": step, "a$": 1, "inf": float("inf")}, step)
    journal.append(Event("params", {"q": "y" * 10_000}))
    run = send(project, journal)
    assert run.data.params["p"] == "1"
    assert len(run.data.params["q"]) == 6000
    assert len(history(client, run, "loss")) == len(history(client, run, "inf")) == 30
    told = capfd.readouterr().err
    assert told.count('"a$"') == 1
    assert told.count("warning: the tracking store refuses some of what was logged: ") == 3


def test_another_store_gets_the_whole_run(
    project: Project, journal: Journal, migrated: Path
) -> None:
    journal.log({"loss": 1}, 1)
    send(project, journal)
    other = migrated.parent / "other.db"
    other.write_bytes(migrated.read_bytes())
    run = send(project.with_tracking(uri=f"sqlite:///{other}"), journal)
    assert run.data.metrics == {"loss": 1}


def test_a_run_that_somebody_deleted_stays_deleted(
    project: Project, client: MlflowClient, journal: Journal
) -> None:
    run = send(project, journal)
    client.delete_run(run.info.run_id)
    journal.log({"loss": 1}, 1)
    Delivery(journal.path, project.settings.tracking).send()
    assert runs(project) == []
    assert position(journal.path) == journal.path.stat().st_size
