"""What users call a model leads to its answers, or to a sentence that says why not."""

from pathlib import Path

import pytest
from tracked_project import Project

from constancy.errors import UserError
from constancy.paths import PREDICTIONS
from constancy.registry.reference import find_predictions
from constancy.registry.store import connect


def found(project: Project, reference: str, folder: Path) -> bytes:
    return find_predictions(reference, project.settings.tracking, folder).file.read_bytes()


def registered(project: Project, content: bytes) -> str:
    """A judged model whose run has such answers; gives the run's id."""
    decision = project.register()
    client = connect(project.settings.tracking)
    version = client.get_model_version(project.settings.tracking.model, str(decision.version))
    PREDICTIONS.write_bytes(content)
    client.log_artifact(version.run_id, str(PREDICTIONS))
    PREDICTIONS.unlink()
    return str(version.run_id)


def test_versions_aliases_and_runs_lead_to_the_same_answers(
    project: Project, tmp_path: Path
) -> None:
    run_id = registered(project, b"answers")
    for number, reference in enumerate(("1", "champion", run_id)):
        (tmp_path / str(number)).mkdir()
        assert found(project, reference, tmp_path / str(number)) == b"answers"


def test_models_are_called_what_the_registry_calls_them(project: Project, tmp_path: Path) -> None:
    run_id = registered(project, b"answers")
    model, tracking = project.settings.tracking.model, project.settings.tracking
    names = [find_predictions(each, tracking, tmp_path).name for each in ("1", "champion", run_id)]
    assert names[:2] == [f"{model} 1", f"{model} 1 (champion)"]
    assert names[2].startswith("run ")


def test_folders_of_reports_and_of_projects_do_too(project: Project, tmp_path: Path) -> None:
    PREDICTIONS.parent.mkdir(exist_ok=True)
    PREDICTIONS.write_bytes(b"here")
    for reference in ("reports", ".", str(Path.cwd())):
        assert found(project, reference, tmp_path) == b"here"


def test_what_is_none_of_these_is_told(project: Project, tmp_path: Path) -> None:
    for reference in ("7", "chalenger", "no/folder", "0" * 32):
        with pytest.raises(UserError, match=f"'{reference}' is neither a folder, nor a run, nor"):
            find_predictions(reference, project.settings.tracking, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds no predictions\.npz"):
        find_predictions(str(tmp_path / "empty"), project.settings.tracking, tmp_path)


def test_a_model_without_answers_is_told(project: Project, tmp_path: Path) -> None:
    project.register()
    (kept,) = Path("mlartifacts").rglob("predictions.npz")
    kept.unlink()
    with pytest.raises(UserError, match=r"has no predictions\.npz: only models that were judged"):
        find_predictions("1", project.settings.tracking, tmp_path)
