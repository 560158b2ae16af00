"""The champion from the model registry, checked against what was registered."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.files import replacing
from constancy.models.disk import CARD, WEIGHTS
from constancy.paths import STATE, project_root
from constancy.registry.store import connect, sqlite_file, tracking_uri
from constancy.registry.versions import CHAMPION, model_tags, version_of
from constancy.serving.predictor import Predictor
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CACHE = STATE / "models"
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
    return Predictor(_fetch(client, champion))


def _why_none(client: "MlflowClient", name: str) -> str:
    """What became of the newest version, and what to do."""
    versions = [each for each in client.search_model_versions() if each.name == name]
    newest = max(versions, key=lambda version: int(version.version), default=None)
    if newest is None:
        return _TRAIN
    return (
        f"version {newest.version}, the newest, is {newest.tags.get('verdict', 'not judged')}; its "
        "page in the registry and reports/decision.json say why: improve it, or lower "
        "promotion.floors, and `make run`"
    )


def _fetch(client: "MlflowClient", version: "ModelVersion") -> Path:
    """The folder of a version's model in the cache, downloaded unless it lies there intact."""
    from filelock import FileLock

    title = f"{version.name} version {version.version}"
    expected = {key: version.tags.get(key, "") for key in ("weights_sha256", "card_sha256")}
    if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in expected.values()):
        raise UserError(
            f"{title} carries no digests of its files: give the alias '{CHAMPION}' to a version "
            "that `make run` registered"
        )
    folder = project_root() / CACHE / expected["weights_sha256"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not _is(folder, expected):
            with TemporaryDirectory() as temporary, replacing(folder) as (new,):
                downloaded = _download(client, version, temporary)
                if not _is(downloaded, expected):
                    raise UserError(
                        f"the files of {title} are not the ones that were registered: somebody "
                        f"changed or damaged them; give the alias '{CHAMPION}' to another version"
                    )
                new.mkdir()
                for name in (CARD, WEIGHTS):
                    shutil.copyfile(downloaded / name, new / name)
    return folder


def _download(client: "MlflowClient", version: "ModelVersion", target: str) -> Path:
    """The version's model folder, copied below `target`; the code beside it is left alone."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        address = client.get_model_version_download_uri(version.name, version.version)
        path = mlflow.artifacts.download_artifacts(
            f"{address}/artifacts", dst_path=target, tracking_uri=client.tracking_uri
        )
        return next(Path(path).rglob(CARD)).parent
    except (MlflowException, OSError, StopIteration) as error:
        raise UserError(
            f"the files of {version.name} version {version.version} cannot be fetched from the "
            f"registry ({error}): restore them, or give the alias '{CHAMPION}' to another version"
        ) from None


def _is(folder: Path, expected: dict[str, str]) -> bool:
    try:
        return model_tags(folder).items() >= expected.items()
    except UserError:
        return False
