"""What a user calls a model: a folder, a version or an alias in the registry, or a run."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from constancy.errors import UserError
from constancy.paths import PREDICTIONS
from constancy.registry.store import answering, connect
from constancy.registry.versions import version_of
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient


def find_predictions(reference: str, tracking: Tracking, scratch: Path) -> Path:
    """The file of a model's answers: that of a project or reports folder, or that which the run of a
    version, an alias or a run id has, copied into `scratch`.

    Raises UserError for what is none of these, and where there are no answers.
    """
    folder = Path(reference)
    if folder.is_dir():
        found = (folder / PREDICTIONS.name, folder / PREDICTIONS)
        if file := next((file for file in found if file.exists()), None):
            return file
        raise UserError(f"{folder} holds no {PREDICTIONS.name}: `make run` writes it to reports/")
    client = connect(tracking)
    with answering(client):
        return _download(client, _run_of(client, reference, tracking.model), reference, scratch)


def _run_of(client: "MlflowClient", reference: str, model: str) -> str:
    from mlflow.exceptions import MlflowException

    if re.fullmatch("[0-9a-f]{32}", reference):
        return reference
    version = None
    try:
        if reference.isdecimal():
            version = client.get_model_version(model, reference)
        else:
            version = version_of(client, model, reference)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    if version is None:
        raise UserError(
            f"'{reference}' is neither a folder, nor a run, nor a version or alias of '{model}': "
            "`make ui` shows those that there are"
        )
    return str(version.run_id)


def _download(client: "MlflowClient", run_id: str, reference: str, scratch: Path) -> Path:
    from mlflow.exceptions import MlflowException

    try:
        path = client.download_artifacts(run_id, PREDICTIONS.name, str(scratch))
    except (MlflowException, OSError):
        raise UserError(
            f"the run of '{reference}' has no {PREDICTIONS.name}: only models that were judged since "
            "Constancy keeps it can be compared"
        ) from None
    return Path(path)
