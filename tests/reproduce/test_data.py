"""The image table of a version comes back from DVC's cache or its remote."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from constancy.registry.lineage import data_digests
from constancy.reproduce.data import restore, share_dvc
from constancy.reproduce.worktree import worktree_at


@pytest.fixture
def digest(project: Any) -> str:
    """Of an image table that is in DVC's cache and in a remote, by a relative path, but in no commit."""
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/part.parquet").write_text("images")
    Path("reports/fetch.json").write_text("{}")
    (project.clone.folder.parent / "storage").mkdir()
    Path(".dvc/config.local").write_text(
        "[core]\n    remote = storage\n['remote \"storage\"']\n    url = ../../storage\n"
    )
    with Repo() as repo:
        repo.commit("fetch", force=True)
        repo.push(["data/raw"])
    found = data_digests()["data/raw"]
    shutil.rmtree("data")
    return found


@pytest.mark.parametrize("place", ["cache", "remote"])
def test_an_image_table_comes_back(project: Any, digest: str, place: str) -> None:
    if place == "remote":
        shutil.rmtree(".dvc/cache")
    with worktree_at("HEAD") as tree:
        share_dvc(tree, Path.cwd())
        assert restore(tree, digest)
        assert (tree / "data/raw/part.parquet").read_text() == "images"
    assert not Path("data").exists()


def test_what_is_nowhere_is_not_restored(project: Any, digest: str) -> None:
    shutil.rmtree(".dvc/cache")
    shutil.rmtree(project.clone.folder.parent / "storage")
    with worktree_at("HEAD") as tree:
        share_dvc(tree, Path.cwd())
        assert not restore(tree, digest)
