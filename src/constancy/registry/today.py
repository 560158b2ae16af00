"""What the champion answers to the test images of today."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from constancy.errors import UserError
from constancy.evaluation.predictions import Predictions
from constancy.paths import PREDICTIONS
from constancy.registry.fetch import ForeignFilesError, fetch_model
from constancy.registry.reference import kept_file
from constancy.registry.versions import run_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def champion_today(
    client: "MlflowClient",
    champion: "ModelVersion",
    task: str,
    candidate: Predictions,
    answer: Callable[[Path], Predictions],
) -> Predictions | str:
    """The champion's answers to the images that the candidate was shown; or why there are none.

    task: the candidate's `task_sha256`; answer: shows a model's folder the test images of today.
    Answers of the champion to the same images are kept with its run; to others it is fetched and
    shown those of today.

    Raises UserError where its files cannot be fetched, or the images of today cannot be used.
    """
    known = champion.tags.get("task_sha256")
    if known is None:
        return f"version {champion.version} carries no tags of Constancy"
    if known != task:
        return "it tells other classes apart, or from images of another form"
    kept = _kept(client, champion) if champion.tags.get("suite") == candidate.suite else None
    if kept and _same_images(kept, candidate):
        return kept
    try:
        model = fetch_model(client, champion)
    except ForeignFilesError as error:
        return str(error)
    shown = answer(model)
    if not _same_images(shown, candidate):
        return (
            "it was judged on other test images than those of today; `make run` at its commit "
            "judges it anew"
        )
    return shown


def _same_images(one: Predictions, other: Predictions) -> bool:
    return one.suite == other.suite and np.array_equal(one.ids, other.ids)


def _kept(client: "MlflowClient", champion: "ModelVersion") -> Predictions | None:
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory() as scratch:
        try:
            file = kept_file(client, run_of(champion), PREDICTIONS.name, Path(scratch))
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None  # somebody deleted the run
        try:
            return Predictions.load(file) if file else None
        except UserError:
            return None  # damaged, or of another version of Constancy
