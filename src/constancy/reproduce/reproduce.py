"""A version is trained once more at its commit, and compared with what it was."""

import sys
from typing import TYPE_CHECKING

from constancy.errors import UserError
from constancy.files import read_json
from constancy.models.disk import weights_digest
from constancy.paths import CANDIDATE, METRICS, RUN, project_root
from constancy.registry.lineage import (
    LOCK_TAG,
    REQUIREMENTS,
    data_tags,
    git,
    requirements_digest,
)
from constancy.registry.store import answering, connect
from constancy.registry.versions import run_of
from constancy.reproduce.environment import machine_like, unlike, unlike_lock
from constancy.reproduce.outcome import NotReproducibleError, Outcome, compare
from constancy.reproduce.recorded import Recorded, find, read
from constancy.reproduce.rerun import rerun
from constancy.reproduce.worktree import worktree_at
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def reproduce(tracking: Tracking, reference: str) -> Outcome:
    """Train the version of that number or alias again, and compare weights and metrics.

    The project, its data and the registry stay as they are: all is done in a git worktree of its
    own, which is gone in the end.

    Raises UserError where there is no such version, or this is no git repository.
    """
    if git("rev-parse", "--git-dir") is None:
        raise UserError(
            "this folder is in no git repository that git can read, so no commit can be run again: "
            "run this in the project's clone"
        )
    client = connect(tracking)
    with answering(client):
        version = find(client, reference, tracking.model)
        try:
            recorded = read(client, version)
        except NotReproducibleError as error:
            return _refused(version, None, error)
    try:
        return _again(version, recorded)
    except NotReproducibleError as error:
        return _refused(version, recorded.commit, error)


def _again(version: "ModelVersion", recorded: Recorded) -> Outcome:
    name, tags = _name(version), recorded.tags
    print(f"reproduce: {name} at commit {recorded.commit[:10]}", file=sys.stderr, flush=True)
    with worktree_at(recorded.commit) as tree:
        unlike_pinned = unlike_lock(tree / REQUIREMENTS)
        rerun(tree, project_root(), tags)
        weights = recorded.weights, weights_digest(tree / CANDIDATE)
        verdict, reason, scores = compare(weights, recorded.metrics, read_json(tree / METRICS))
        choices = read_json(tree / RUN)["choices"]
        here = machine_like(tags) | data_tags(tree)
        here |= {f"choices.{key}": str(value) for key, value in choices.items()}
    return Outcome(
        name,
        run_of(version),
        recorded.commit,
        verdict,
        reason,
        weights,
        scores,
        unlike(tags, here) + unlike_pinned,
        tags.get(LOCK_TAG) == requirements_digest(),
    )


def _refused(version: "ModelVersion", commit: str | None, error: NotReproducibleError) -> Outcome:
    return Outcome(_name(version), run_of(version), commit, "not reproducible", str(error))


def _name(version: "ModelVersion") -> str:
    return f"{version.name} {version.version}"
