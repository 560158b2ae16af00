import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from scored_project import scored, training
from sklearn.metrics import accuracy_score

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.write import write_evaluation
from constancy.files import read_json
from constancy.settings.base import FACTORS


def write(evaluation: Evaluation, project: Path, folder: Path) -> dict[str, bytes]:
    """The bytes of all that is written, by path."""
    write_evaluation(
        evaluation,
        *training(project),
        metrics=folder / "metrics.json",
        predictions=folder / "predictions.npz",
        report=folder / "report.html",
        plots=folder / "plots",
    )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def written(
    project: Path, evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    write(evaluation, project, folder)
    return folder


def test_metrics_are_those_of_the_evaluation(written: Path, evaluation: Evaluation) -> None:
    expected = json.loads(json.dumps(evaluation.metrics.as_json()))
    assert read_json(written / "metrics.json") == expected


def test_plots_hold_each_severity_and_each_image(written: Path, evaluation: Evaluation) -> None:
    severity = pd.read_csv(written / "plots/severity.csv")
    assert list(severity.columns) == ["severity", "clean", *FACTORS, "combined"]
    assert severity["severity"].tolist() == [1, 2, 3, 4, 5]
    for name in FACTORS:
        assert severity[name].tolist() == evaluation.metrics.factors[name].severities
    assert severity["combined"].tolist() == evaluation.metrics.combined.severities
    assert set(severity["clean"]) == {evaluation.metrics.clean.accuracy}
    confusion = pd.read_csv(written / "plots/confusion.csv")
    assert list(confusion.columns) == ["actual", "predicted"]
    accuracy = accuracy_score(confusion["actual"], confusion["predicted"])
    assert accuracy == pytest.approx(evaluation.metrics.clean.accuracy)


def test_the_same_evaluation_writes_the_same_bytes(
    project: Path, evaluation: Evaluation, tmp_path: Path
) -> None:
    first = write(evaluation, project, tmp_path / "first")
    assert write(scored(project), project, tmp_path / "second") == first
    assert len(first) == 5


def test_a_write_that_fails_leaves_the_last_outputs_alone(
    project: Path, evaluation: Evaluation, tmp_path: Path
) -> None:
    before = write(evaluation, project, tmp_path)
    before_names = sorted(path.name for path in tmp_path.iterdir())
    split = replace(evaluation.split, index=evaluation.split.index.drop(columns="id"))
    broken = replace(evaluation, split=split)
    with pytest.raises(KeyError):  # when the metrics are already written beside their place
        write(broken, project, tmp_path)
    files = {
        str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    }
    assert files == before
    assert sorted(path.name for path in tmp_path.iterdir()) == before_names
