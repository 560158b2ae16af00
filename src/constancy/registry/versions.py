"""The model registry: a version for every judged model, and the alias of the one that serves."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from constancy.errors import UserError
from constancy.models.disk import CARD, WEIGHTS, load_card, weights_digest
from constancy.paths import PREPARED
from constancy.registry.store import as_default, existing
from constancy.registry.tracking import WEIGHTS_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"


def number_of(client: "MlflowClient", name: str, alias: str) -> int | None:
    """The number of the version that an alias points at, None where there is none."""
    # Not by the alias itself: with passwords, a server that has no such model forbids asking so.
    model = existing(lambda: client.get_registered_model(name))
    number = model.aliases.get(alias) if model else None
    return int(number) if number else None


def version_of(client: "MlflowClient", name: str, alias: str) -> "ModelVersion | None":
    """The version of the registered model that an alias points at, None where there is none."""
    number = number_of(client, name, alias)
    return client.get_model_version(name, str(number)) if number else None


def run_of(version: "ModelVersion") -> str:
    """The run that has what a version was judged by last: the newest one that trained its weights."""
    return str(version.tags.get("run_id") or version.run_id)


def model_tags(folder: Path) -> dict[str, str]:
    """Digests that identify a model: its weights, its card, and the task that it is for.

    task_sha256 is over the classes and the form of the images: models of the same task can be
    compared. Raises UserError for a folder that holds no model.
    """
    card = load_card(folder)
    if not (folder / WEIGHTS).exists():
        raise UserError(f"{folder} holds no model: {WEIGHTS} is missing")
    task = json.dumps([card.classes, card.image], sort_keys=True)
    return {
        WEIGHTS_TAG: weights_digest(folder),
        "card_sha256": hashlib.sha256((folder / CARD).read_bytes()).hexdigest(),
        "task_sha256": hashlib.sha256(task.encode()).hexdigest(),
    }


def versions_of(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    """All versions of a registered model, the newest first; without their aliases."""
    # MLflow's filter knows no way to write both kinds of quotes.
    quote = '"' if "'" in name else "'"
    of_name = f"name = {quote}{name}{quote}" if quote not in name else None
    found, token = [], None
    while True:
        page = client.search_model_versions(of_name, page_token=token)
        found += [version for version in page if version.name == name]
        if not (token := page.token):
            return sorted(found, key=lambda version: int(version.version), reverse=True)


def same_version(
    client: "MlflowClient", name: str, identity: dict[str, str]
) -> "ModelVersion | None":
    """The newest version of a registered model with these `model_tags` and this `code_sha256`."""
    found = client.search_model_versions(f"tags.{WEIGHTS_TAG} = '{identity[WEIGHTS_TAG]}'")
    parts = ("card_sha256", "code_sha256")
    same = [
        version
        for version in found
        if version.name == name and all(version.tags.get(part) == identity[part] for part in parts)
    ]
    return max(same, key=lambda version: int(version.version), default=None)


def create_version(
    client: "MlflowClient",
    name: str,
    run_id: str,
    model_id: str,
    tags: dict[str, str],
    description: str,
) -> "ModelVersion":
    """A new version of the registered model: one that `log_model` logged to the run that trained it."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    with as_default(client):
        return client.create_model_version(
            name,
            f"models:/{model_id}",
            run_id=run_id,
            tags=tags,
            description=description,
            model_id=model_id,
        )


def retell(client: "MlflowClient", version: "ModelVersion", reason: str) -> None:
    """Let a version's description, whose first line says what became of it, say so anew."""
    line, rest = " ".join(reason.split()), (version.description or "").partition("\n")[2]
    client.update_model_version(version.name, version.version, f"{line}\n{rest}")


def digests(client: "MlflowClient", version: "ModelVersion") -> dict[str, str | None]:
    """What a version was judged on and made of: `suite`, `weights`, `data`, `lock`.

    The last two are DVC's digest of the prepared images and `lineage.lock_digest`, as far as the
    run that trained it is still there and has them.
    """
    from mlflow.exceptions import MlflowException

    try:
        origin = client.get_run(run_of(version)).data.tags
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        origin = {}  # somebody deleted the run, or it never had one
    return {
        "suite": version.tags.get("suite"),
        "weights": version.tags.get(WEIGHTS_TAG),
        "data": origin.get(f"{PREPARED}.md5"),
        "lock": origin.get("dvc.lock.sha256"),
    }


def update_version(
    client: "MlflowClient", version: "ModelVersion", tags: dict[str, str], description: str
) -> None:
    """Tag and describe a version anew."""
    for key, value in tags.items():
        client.set_model_version_tag(version.name, version.version, key, value)
    client.update_model_version(version.name, version.version, description)
