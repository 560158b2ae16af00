"""What DVC keeps of a project, in a worktree of it."""

from pathlib import Path
from typing import Any

from constancy.paths import RAW
from constancy.registry.lineage import DVC_LOCK


def share_dvc(tree: Path, project: Path) -> None:
    """Let DVC in `tree` use the project's cache and remotes, whoever has configured them.

    tree: has a `.dvc` of its own, or DVC would take the one above it.
    """
    from dvc.repo import Repo

    with Repo(str(project)) as ours:
        # Read from the project, where relative paths mean what they are to mean.
        cache = {**ours.config["cache"], "dir": ours.cache.local_cache_dir}
        remotes = ours.config["remote"]
        core = {"remote": name} if (name := ours.config["core"].get("remote")) else {}
    with Repo(str(tree)) as repo, repo.config.edit("local") as config:
        config["cache"], config["remote"] = cache, remotes
        config["core"] = core | {"site_cache_dir": str(tree / ".dvc" / "tmp" / "site")}


def restore(tree: Path, digest: str) -> bool:
    """Bring the image table of that digest from DVC's cache, else from its remote; whether it is there."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from ruamel.yaml import YAML

    # What the commit's own lock names is what the pass before that commit made.
    out = {"path": str(RAW), "hash": "md5", "md5": digest}
    lock: dict[str, Any] = {"schema": "2.0", "stages": {"fetch": {"cmd": "", "outs": [out]}}}
    with (tree / DVC_LOCK).open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(lock, file)
    target = [str(tree / RAW)]
    with Repo(str(tree)) as repo:
        try:
            repo.checkout(target, force=True)
        except DvcException:
            if not repo.config["core"].get("remote"):
                return False
            try:
                repo.pull(target, force=True)
            except DvcException:
                return False
    return True
