"""What a user calls a model: a folder, a version or an alias in the registry, or a run."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from constancy.errors import UserError
from constancy.paths import PREDICTIONS
from constancy.registry.store import answering, connect, existing
from constancy.registry.versions import run_of, version_of
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_DIGITS = 9  # of a version's number: databases keep it in 32 bits


@dataclass(frozen=True)
class Found:
    """A model's answers: the file, and what the model is called, as exactly as the registry knows it."""

    name: str
    file: Path


def find_predictions(reference: str, tracking: Tracking, scratch: Path) -> Found:
    """The file of a model's answers: that of a project or reports folder, or that which the run of a
    version, an alias or a run id has, copied into `scratch`. A folder goes before what is called so.

    Raises UserError for what is none of these, and where there are no answers.
    """
    folder = Path(reference)
    if folder.is_dir():
        found = (folder / PREDICTIONS.name, folder / PREDICTIONS)
        if file := next((file for file in found if file.exists()), None):
            return Found(reference, file)
        raise UserError(f"{folder} holds no {PREDICTIONS.name}: `make run` writes it to reports/")
    client = connect(tracking)
    with answering(client):
        name, run_id = _run_of(client, reference, tracking.model)
        if file := kept_file(client, run_id, PREDICTIONS.name, scratch):
            return Found(name, file)
    raise UserError(
        f"the run of '{reference}' has no {PREDICTIONS.name}: only models that were judged since "
        "Constancy keeps it can be compared"
    )


def find_version(client: "MlflowClient", model: str, reference: str) -> "ModelVersion | None":
    """The version of a model that has a number or an alias, None where there is none."""
    if not reference.isdecimal():
        return version_of(client, model, reference)
    if len(reference) > _DIGITS:  # of which a store would say that it is no number
        return None
    return existing(lambda: client.get_model_version(model, reference))


def _run_of(client: "MlflowClient", reference: str, model: str) -> tuple[str, str]:
    """What the model is called, and the run that trained it."""
    from mlflow.exceptions import MlflowException

    if re.fullmatch("[0-9a-f]{32}", reference):
        with suppress(MlflowException):
            return f"run {client.get_run(reference).info.run_name}", reference
    version = find_version(client, model, reference)
    if version is None:
        raise UserError(
            f"'{reference}' is neither a folder, nor a run, nor a version or alias of '{model}': "
            "`make ui` shows those that there are"
        )
    alias = "" if reference.isdecimal() else f" ({reference})"
    return f"{model} {version.version}{alias}", run_of(version)


def kept_file(client: "MlflowClient", run_id: str, name: str, scratch: Path) -> Path | None:
    """A file that a run keeps, copied into `scratch`; None where it keeps none of that name."""
    if not any(each.path == name for each in client.list_artifacts(run_id)):
        return None
    return Path(client.download_artifacts(run_id, name, str(scratch)))
