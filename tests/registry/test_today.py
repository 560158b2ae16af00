"""The champion on the test images of today: what is kept, and what is asked of it again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scored_project import write_project, write_suite
from tracked_project import Project, project_in, scores

from constancy.evaluation.evaluate import answer_again
from constancy.evaluation.predictions import Predictions
from constancy.files import write_json
from constancy.models.disk import load_model, save_model
from constancy.paths import (
    CANDIDATE,
    METRICS,
    PREDICTIONS,
    PREPARED,
    SUITES,
)
from constancy.registry.decision import Decision
from constancy.registry.store import connect
from constancy.seeds import generator

SUITE = SUITES / "test"


@pytest.fixture(scope="module")
def trained_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    write_project(folder, size=16, suite_images=60, epochs=2)
    return folder


@pytest.fixture
def project(
    in_tmp: Path,
    params: dict,
    migrated: Path,
    trained_project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """A project whose model is champion, with its answers to the suite of that day."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copytree(trained_project, in_tmp, dirs_exist_ok=True)
    for check in params["promotion"]["checks"].values():
        if "margin" in check:
            check["margin"] = 1.0
    project = project_in(in_tmp, params, migrated)
    assert registered(project).alias == "champion"
    return project


def today(project: Project, model: Path = CANDIDATE) -> Predictions:
    return answer_again(model, PREPARED, SUITE, project.settings.evaluate)


def registered(project: Project) -> Decision:
    """The candidate, with its answers to the suite that is there."""
    answered = today(project)
    write_json(METRICS, scores(0.99, suite=answered.suite))
    return project.judge(CANDIDATE, answered)


def change_candidate() -> Path:
    """A candidate whose weights are a little other ones; returns where the champion's are kept."""
    kept = CANDIDATE.with_name("champion")
    shutil.copytree(CANDIDATE, kept)
    network, card = load_model(CANDIDATE)
    rng = generator(0, "change")
    with torch.no_grad():
        for each in network.parameters():
            each += 0.02 * torch.from_numpy(rng.standard_normal(each.shape)).to(each.dtype)
    shutil.rmtree(CANDIDATE)
    CANDIDATE.mkdir()
    save_model(CANDIDATE, network, card)
    return kept


def champion_scores(decision: Decision) -> dict[str, float]:
    return {each.name: each.champion for each in decision.comparisons}


def share_right(logits: np.ndarray, labels: np.ndarray) -> float:
    return float((logits.argmax(-1) == labels).mean())


def test_answers_to_the_same_images_are_those_that_were_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Predictions.load(PREDICTIONS)
    change_candidate()
    answered = today(project)  # before nothing can be asked any more
    monkeypatch.setattr("constancy.registry.today.fetch_model", None)
    decision = registered(project)
    assert (decision.verdict, decision.champion_before) == ("promoted", 1)
    found = champion_scores(decision)
    assert found["clean"] == pytest.approx(share_right(before.clean, before.labels))
    assert answered.suite == before.suite


def test_a_champion_of_other_images_is_shown_those_of_today(project: Project) -> None:
    kept = change_candidate()
    before = Predictions.load(PREDICTIONS)
    shutil.rmtree(SUITE)
    write_suite(SUITE, PREPARED, 50)
    decision = registered(project)
    again, found = today(project, kept), champion_scores(decision)
    assert again.suite != before.suite
    assert found["clean"] == pytest.approx(share_right(again.clean, again.labels))
    labels = again.labels[again.rows]
    assert found["scale"] == pytest.approx(share_right(again.varied["scale"], labels))
    assert len(again.rows) == 50
    assert decision.verdict == "promoted"


def test_a_champion_whose_files_were_changed_is_not_comparable(project: Project) -> None:
    change_candidate()
    shutil.rmtree(SUITE)
    write_suite(SUITE, PREPARED, 50)
    (weights,) = Path("mlartifacts").rglob("artifacts/artifacts/*/model.safetensors")
    weights.write_bytes(b"tampered")
    decision = registered(project)
    assert (decision.verdict, decision.comparisons) == ("challenger", [])
    assert "not the ones that were registered" in decision.reason


def test_where_the_run_was_deleted_the_champion_is_asked_again(project: Project) -> None:
    client = connect(project.settings.tracking)
    champion = client.get_model_version_by_alias("constancy", "champion")
    (kept,) = Path("mlartifacts").rglob(f"{champion.run_id}/artifacts/predictions.npz")
    kept.unlink()
    change_candidate()
    decision = registered(project)
    assert decision.verdict == "promoted"
    assert len(decision.comparisons) == 11
