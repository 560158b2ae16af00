"""`constancy reproduce`, as a user calls it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from images import image_folder
from project import Project

from constancy.cli import main
from constancy.registry.store import connect
from constancy.registry.versions import run_of
from constancy.reproduce.worktree import FOLDER
from constancy.settings import load_settings


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["reproduce", *arguments])


def refused(number: str = "1") -> str:
    """Why a version is not reproducible."""
    result = run(number, "--json")
    assert result.exit_code == 3, result.output
    outcome = json.loads(result.stdout)
    assert outcome["verdict"] == "not reproducible"
    assert not FOLDER.exists()
    return outcome["reason"]


def test_a_version_that_is_not_there_is_a_mistake(project: Any) -> None:
    project.register()
    for name in ("7", "champoin"):
        result = run(name)
        assert result.exit_code == 2
        assert f"'{name}' is neither a version nor an alias of 'constancy'" in result.stderr


def test_outside_git_there_is_nothing_to_run_again(project: Any) -> None:
    shutil.rmtree(".git")
    result = run("1")
    assert result.exit_code == 2
    assert "this folder is in no git repository" in result.stderr


def test_changes_that_were_not_committed_are_named_with_their_place(project: Any) -> None:
    project.clone.set({"train.epochs": 3})
    project.register()
    result = run("champion")
    assert result.exit_code == 3
    assert result.stdout.startswith("constancy 1: not reproducible. It was trained with changes")
    client = connect(load_settings().tracking)
    run_id = run_of(client.get_model_version("constancy", "1"))
    assert f"`mlflow artifacts download --run-id {run_id} --artifact-path diff.patch`" in (
        result.stdout
    )
    assert "+  epochs: 3" in Path(client.download_artifacts(run_id, "diff.patch")).read_text()


def test_what_the_pipeline_writes_itself_is_no_change(project: Any) -> None:
    client = connect(load_settings().tracking)
    with Path("dvc.lock").open("a") as lock:
        lock.write("# another pass\n")
    project.register()  # which writes reports/metrics.json
    tags = client.get_run(run_of(client.get_model_version("constancy", "1"))).data.tags
    assert tags["git.dirty"] == "false"


def test_a_commit_that_is_not_here_is_named(project: Any) -> None:
    project.register()
    client = connect(load_settings().tracking)
    run_id = run_of(client.get_model_version("constancy", "1"))
    client.set_tag(run_id, "mlflow.source.git.commit", "0" * 40)
    assert f"Its commit {'0' * 40} is not in this repository" in refused()


def test_a_version_of_others_and_one_without_its_run_say_so(project: Any) -> None:
    project.register()
    client = connect(load_settings().tracking)
    client.create_model_version("constancy", Path.cwd().as_uri())
    assert "carries no tags of Constancy" in refused("2")
    run_id = run_of(client.get_model_version("constancy", "1"))
    for file in Path("mlartifacts").rglob("metrics.json"):
        file.unlink()
    assert f"Its run {run_id} has lost metrics.json" in refused()


def test_data_that_are_gone_or_have_changed_are_named(project: Any) -> None:
    project.clone.set({"data.source": "folder:photos"})
    project.clone.commit("photos")
    project.register()
    assert refused() == (
        "Its pipeline cannot be run again: data.source: there is no folder at photos."
    )
    # In no commit, and not what the version was trained on.
    image_folder(Path("photos"), {"cat": 2, "dog": 2})
    assert refused().endswith(": the source has changed since.")


def everything(folder: Path) -> dict[str, Any]:
    """All that a project holds and that must stay as it is: bytes, or for what is large, times."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
        # What git and the lock note of a worktree that comes and goes.
        and not {".git", "__pycache__", "tmp"} & set(path.parts[len(folder.parts) :])
        and not path.name.startswith("reproduce.")
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_version_trained_two_commits_ago_is_trained_again_to_the_bit(
    small_project: Project,
) -> None:
    small_project.commit("lock and metrics")
    small_project.set({"train.epochs": 1, "data.image.size": 16, "seed": 5})
    for name in ("README.md", "src/constancy/training/module.py"):
        (small_project.folder / name).write_text("raise SystemExit('not this one')\n")
    small_project.commit("other settings and code")
    before = everything(small_project.folder)
    done = small_project.run("constancy", "reproduce", "1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["verdict"] == "identical"
    assert outcome["weights"][0] == outcome["weights"][1]
    assert (outcome["scores"], outcome["differences"]) == ([], [])
    assert outcome["lock_is_todays"]
    assert "Running stage 'train'" in done.stderr
    assert "Running stage 'register'" not in done.stderr
    assert everything(small_project.folder) == before
    assert small_project.git("status", "--porcelain") == ""
    assert len(small_project.git("worktree", "list").splitlines()) == 1
