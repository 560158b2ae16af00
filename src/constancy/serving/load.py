"""A model to put to work: of a folder, or from the model registry, checked against what was registered."""

from pathlib import Path
from typing import TYPE_CHECKING

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.models.disk import CARD
from constancy.paths import CANDIDATE
from constancy.registry.fetch import fetch_model
from constancy.registry.reference import find_version
from constancy.registry.store import answering, connect_existing, tracking_uri
from constancy.registry.versions import CHAMPION, versions_of
from constancy.serving.predictor import Predictor
from constancy.settings import load_settings
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_TRAIN = "`make run` trains, judges and registers one"


def load_model(model: str = CHAMPION) -> Predictor:
    """A model of the project in whose folder this is called, ready to predict.

    model: an alias or the number of a version in the project's registry, or a folder, which needs
    no project. Raises UserError as `find_model` does.
    """
    return Predictor(find_model(model, None if Path(model).is_dir() else load_settings().tracking))


def find_model(reference: str, tracking: Tracking | None) -> Path:
    """The folder of a model, by what a user calls it.

    reference: a folder that holds a model, or a project with a candidate; else an alias or the
    number of a version in the registry, whose files are fetched once, checked by their digests, and
    kept in `.constancy`. A folder goes before what is called so; tracking: needed but for folders.

    Raises UserError if there is no such model, its files cannot be fetched, or they are not the ones
    that were registered.
    """
    if not reference.strip():
        raise UserError("no model is named: give an alias, a version or a folder")
    folder = Path(reference)
    if folder.is_dir() or tracking is None:
        found = next((f for f in (folder, folder / CANDIDATE) if (f / CARD).is_file()), None)
        if found is None:
            raise UserError(f"{folder} holds no model: {CARD} is missing")
        return found
    client, version = find_registered(reference, tracking)
    with answering(client):
        return fetch_model(client, version)


def find_registered(reference: str, tracking: Tracking) -> "tuple[MlflowClient, ModelVersion]":
    """A version of the project's model by its number or an alias, and the client that found it.

    Raises UserError if there is no such version, or the registry does not answer.
    """
    uri = tracking_uri(tracking.uri)
    client = connect_existing(tracking)
    if client:
        with answering(client):
            if version := find_version(client, tracking.model, reference):
                return client, version
    if reference == CHAMPION:
        raise UserError(
            f"the registry at {without_secrets(uri)} has no champion of '{tracking.model}' yet: "
            + (_why_none(client, tracking.model) if client else _TRAIN)
        )
    raise UserError(
        f"'{reference}' is neither a folder, nor a version or alias of '{tracking.model}' in the "
        f"registry at {without_secrets(uri)}: `constancy models` shows those that there are"
    )


def _why_none(client: "MlflowClient", name: str) -> str:
    """What became of the newest version, and what to do."""
    newest = next(iter(versions_of(client, name)), None)
    if newest is None:
        return _TRAIN
    return (
        f"version {newest.version}, the newest, is {newest.tags.get('verdict', 'not judged')}; its "
        "page in the registry and reports/decision.json say why: improve it, or lower "
        "the floors in promotion.checks, and `make run`"
    )
