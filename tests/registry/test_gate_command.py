"""`constancy gate`: the verdict as text, JSON and exit code, and nothing changed."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tracked_project import Project, answers, scores, write_model

from constancy.cli import main
from constancy.files import write_json, write_text
from constancy.paths import CANDIDATE, METRICS, PREDICTIONS
from constancy.registry.store import connect


def gate(*options: str, metrics: dict | None = None, seed: int = 1) -> Result:
    """The command on a candidate with these scores."""
    metrics = metrics or scores(0.98)
    write_model(CANDIDATE, seed)
    write_json(METRICS, metrics)
    answers(metrics).save(PREDICTIONS)
    return CliRunner().invoke(main, ["gate", *options])


@pytest.fixture
def project(project: Project) -> Project:
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    return project


def test_a_first_model_is_judged_by_the_floors(project: Project) -> None:
    Path("mlflow.db").unlink()
    outcome = gate()
    assert outcome.exit_code == 0
    lines = outcome.stdout.splitlines()
    assert lines[0] == "Promoted: every floor is held, and there was no champion before."
    assert lines[2] == "| check | candidate | limit | outcome |"
    assert "| clean | 0.9800 | 0.97 | held |" in lines
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize(
    ("metrics", "code", "verdict"),
    [
        (scores(0.98), 0, "promoted"),
        (scores(0.98, scale=0.5), 3, "refused"),
        (scores(0.98, scale=0.955), 4, "challenger"),
    ],
)
def test_the_exit_code_is_the_verdict(
    project: Project, metrics: dict, code: int, verdict: str
) -> None:
    project.register(seed=0, metrics=scores(0.98))
    outcome = gate("--json", metrics=metrics)
    assert outcome.exit_code == code
    judgement = json.loads(outcome.stdout)
    assert judgement["verdict"] == verdict
    assert judgement["comparisons"][0]["name"] == "clean"


def test_a_table_has_the_comparison_with_its_interval(project: Project) -> None:
    project.register(seed=0, metrics=scores(0.98))
    outcome = gate(metrics=scores(0.98, scale=0.955))
    row = next(line for line in outcome.stdout.splitlines() if line.startswith("| scale |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:4] == ["scale", "0.9550", "0.9", "0.9800"]
    assert cells[4].startswith("-0.0250 (-0.0")
    assert cells[6].startswith("held, inconclusive (about ")


def test_nothing_changes(project: Project) -> None:
    project.register(seed=0, metrics=scores(0.98))
    client = connect(project.settings.tracking)
    before = client.search_model_versions("name = 'constancy'")
    gate(metrics=scores(0.99))
    after = client.search_model_versions("name = 'constancy'")
    assert [(v.version, v.tags, v.aliases) for v in after] == [
        (v.version, v.tags, v.aliases) for v in before
    ]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (CANDIDATE / "model.safetensors", "models/candidate holds no model"),
        (METRICS, "reports/metrics.json is missing: `make run` writes it"),
        (PREDICTIONS, "reports/predictions.npz is missing: `make run` writes it"),
    ],
)
def test_what_is_missing_is_told(project: Project, missing: Path, message: str) -> None:
    gate()
    missing.unlink()
    outcome = CliRunner().invoke(main, ["gate"])
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_a_model_that_is_no_candidate_is_not_judged(project: Project) -> None:
    project.values["train"]["debug"] = "batch"
    Path("params.yaml").write_text(yaml.safe_dump(project.values))
    outcome = gate()
    assert outcome.exit_code == 2
    assert "train.debug is batch" in outcome.stderr


def test_scores_with_the_marks_of_a_merge_are_told(project: Project) -> None:
    write_model(CANDIDATE, 1)
    write_text(METRICS, '<<<<<<< HEAD\n{"suite": "5"}\n=======\n')
    for command in ("gate", "status"):
        outcome = CliRunner().invoke(main, [command])
        assert outcome.exit_code == 2, outcome.output
        assert f"{METRICS} cannot be read as JSON: remove it" in outcome.stderr
    METRICS.unlink()
    assert (
        f"{METRICS} is missing: `make run` writes it" in CliRunner().invoke(main, ["gate"]).stderr
    )
