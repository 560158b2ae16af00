"""The champion from the model registry, checked against what was registered."""

from typing import TYPE_CHECKING

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.registry.fetch import fetch_model
from constancy.registry.store import connect, sqlite_file, tracking_uri
from constancy.registry.versions import CHAMPION, version_of
from constancy.serving.predictor import Predictor
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

_TRAIN = "`make run` trains, judges and registers one"


def load_champion(tracking: Tracking) -> Predictor:
    """The model that the registry calls champion, fetched once and then kept in `.constancy`.

    Raises UserError if there is no champion, its files cannot be fetched, or they are not the ones
    that were registered.
    """
    uri = tracking_uri(tracking.uri)
    file = sqlite_file(uri)
    # A store that nobody wrote to yet is not made just to find it empty.
    client = connect(tracking) if file is None or file.exists() else None
    champion = version_of(client, tracking.model, CHAMPION) if client else None
    if client is None or champion is None:
        raise UserError(
            f"the registry at {without_secrets(uri)} has no champion of '{tracking.model}' yet: "
            + (_why_none(client, tracking.model) if client else _TRAIN)
        )
    return Predictor(fetch_model(client, champion))


def _why_none(client: "MlflowClient", name: str) -> str:
    """What became of the newest version, and what to do."""
    versions = [each for each in client.search_model_versions() if each.name == name]
    newest = max(versions, key=lambda version: int(version.version), default=None)
    if newest is None:
        return _TRAIN
    return (
        f"version {newest.version}, the newest, is {newest.tags.get('verdict', 'not judged')}; its "
        "page in the registry and reports/decision.json say why: improve it, or lower "
        "the floors in promotion.checks, and `make run`"
    )
