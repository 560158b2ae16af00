"""A model from the registry, checked against what was registered."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from constancy.errors import UserError
from constancy.files import replacing
from constancy.models.disk import CARD, WEIGHTS
from constancy.paths import STATE, project_root
from constancy.registry.versions import model_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CACHE = STATE / "models"

_ANOTHER = "`constancy rollback --to N` makes another version champion"


class ForeignFilesError(UserError):
    """The files of a version are not known to be the ones that were registered."""


def fetch_model(client: "MlflowClient", version: "ModelVersion") -> Path:
    """The folder of a version's model in the cache, downloaded unless it lies there intact.

    Raises UserError if its files cannot be fetched or are not the ones that were registered.
    """
    from filelock import FileLock

    title = f"{version.name} version {version.version}"
    expected = {key: version.tags.get(key, "") for key in ("weights_sha256", "card_sha256")}
    if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in expected.values()):
        raise ForeignFilesError(
            f"{title} carries no digests of its files: {_ANOTHER} that `make run` registered"
        )
    folder = project_root() / CACHE / expected["weights_sha256"]
    if _is(folder, expected):  # so that a project that one may only read serves its models
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not _is(folder, expected):
            with TemporaryDirectory() as temporary, replacing(folder) as (new,):
                downloaded = _download(client, version, temporary)
                if not _is(downloaded, expected):
                    raise ForeignFilesError(
                        f"the files of {title} are not the ones that were registered: somebody "
                        f"changed or damaged them; {_ANOTHER}"
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
            f"registry ({error}): restore them, or {_ANOTHER}"
        ) from None


def _is(folder: Path, expected: dict[str, str]) -> bool:
    try:
        return model_tags(folder).items() >= expected.items()
    except (UserError, FileNotFoundError):  # the latter where another process replaces it
        return False
