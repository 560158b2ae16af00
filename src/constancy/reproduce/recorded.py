"""What a version's run recorded of its training, and whether that is enough to train it again."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constancy.errors import UserError
from constancy.files import read_json
from constancy.paths import METRICS
from constancy.registry.lineage import COMMIT_TAG, DIRTY_TAG, git
from constancy.registry.reference import find_version
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.registry.versions import run_of
from constancy.reproduce.outcome import NotReproducibleError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Recorded:
    """A version of a model: weights are their digest, tags those of its run."""

    commit: str
    weights: str
    tags: dict[str, str]
    metrics: dict[str, Any]


def find(client: "MlflowClient", reference: str, model: str) -> "ModelVersion":
    """The version of that number or alias. Raises UserError where there is none."""
    version = find_version(client, model, reference)
    if version is None:
        raise UserError(
            f"'{reference}' is neither a version nor an alias of '{model}': `constancy models` "
            "shows those that there are"
        )
    return version


def read(client: "MlflowClient", version: "ModelVersion") -> Recorded:
    """What is known of a version. Raises NotReproducibleError where that is not enough."""
    weights = version.tags.get(WEIGHTS_TAG)
    if weights is None:
        raise NotReproducibleError(
            "It carries no tags of Constancy: only versions that `make run` registered lead back "
            "to their training."
        )
    tags = _run(client, run_of(version)).data.tags
    return Recorded(_commit(tags, run_of(version)), weights, tags, _metrics(client, version))


def _run(client: "MlflowClient", run_id: str) -> "Run":
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise NotReproducibleError(f"Its run {run_id} was deleted.") from None


def _commit(tags: dict[str, str], run_id: str) -> str:
    commit = tags.get(COMMIT_TAG)
    if commit is None:
        raise NotReproducibleError("It was trained outside a git repository.")
    if tags.get(DIRTY_TAG) != "false":
        raise NotReproducibleError(
            f"It was trained with changes that were not committed. Its run has them as diff.patch: "
            f"`mlflow artifacts download --run-id {run_id} --artifact-path diff.patch`."
        )
    if git("cat-file", "-e", f"{commit}^{{commit}}") is None:
        raise NotReproducibleError(
            f"Its commit {commit} is not in this repository: `git fetch` may bring it."
        )
    return commit


def _metrics(client: "MlflowClient", version: "ModelVersion") -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory() as scratch:
        try:
            file = client.download_artifacts(run_of(version), METRICS.name, scratch)
            metrics: dict[str, Any] = read_json(Path(file))
        except (MlflowException, OSError, json.JSONDecodeError):
            raise NotReproducibleError(
                f"Its run {run_of(version)} has lost {METRICS.name}, and there is nothing to "
                "compare with."
            ) from None
    return metrics
