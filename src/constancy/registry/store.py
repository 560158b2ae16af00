"""The MLflow store that keeps runs and models: where it is, and a connection to it."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.paths import project_root
from constancy.registry.sqlite import as_os_error, prepare_sqlite
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

URI_VARIABLE = "MLFLOW_TRACKING_URI"
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
SQLITE = "sqlite:///"
HTTP = ("http://", "https://")

_KIND = {"mlflow.experimentKind": "custom_model_development"}  # not one of language models
_ANSWER_SECONDS = 3.0  # a tracking server that takes longer to say anything counts as down
_DENIALS = ("UNAUTHENTICATED", "PERMISSION_DENIED")

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A uv.lock beside params.yaml names package indexes, which are no part of a model.
    "MLFLOW_UV_AUTO_DETECT": "false",
    # MLflow's own retries hold a call to a server that went away for four minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    # Files come through the server: an S3 behind it may be out of our reach.
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
}


def quiet_mlflow() -> None:
    """Set MLflow's environment: report nothing home, chatter little, fail soon, ask the server alone.

    To be called before MLflow is imported. What the user has set stays.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # It prints the traceback of each database error that it raises, too.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def tracking_uri(uri: str | None) -> str:
    """Where runs go: `uri` from the settings, else MLFLOW_TRACKING_URI, else our SQLite file.

    A SQLite path is made absolute from the project's folder, since stages may run in another
    (`dvc exp run --temp`).
    """
    uri = uri or os.environ.get(URI_VARIABLE) or f"{SQLITE}{DATABASE}"
    if uri.startswith(SQLITE):
        return f"{SQLITE}{project_root() / uri.removeprefix(SQLITE)}"
    return uri


def sqlite_file(uri: str) -> Path | None:
    """The database file of a SQLite store, None for any other store. `uri`: of `tracking_uri`."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None


def connect(tracking: Tracking) -> "MlflowClient":
    """A client of a store that answers and whose schema is current.

    A SQLite store that does not exist yet is made: whole or not at all, by one process while others
    wait. Raises UserError, naming the store, if it cannot be used; OSError where the disk is full or
    a permission is missing.
    """
    quiet_mlflow()
    uri = tracking_uri(tracking.uri)
    _check_root(uri)
    if file := sqlite_file(uri):
        prepare_sqlite(file)
    check_server(uri)

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        return MlflowClient(uri)
    except MlflowException as error:
        raise unusable(uri, error) from None


def _check_root(uri: str) -> None:
    """Raises UserError where the project's store lies in a folder that its address cannot name."""
    root = str(project_root())
    if uri.startswith(f"{SQLITE}{root}") and ("?" in root or unquote(root) != root):
        raise UserError(
            f"the address of a SQLite store cannot hold {root}: rename the folder so that it has "
            "neither ? nor %, or set tracking.uri"
        )


def connect_existing(tracking: Tracking) -> "MlflowClient | None":
    """A client as of `connect`; None for a SQLite store that nobody wrote to yet.

    It is not made just to find it empty.
    """
    file = sqlite_file(tracking_uri(tracking.uri))
    return connect(tracking) if file is None or file.exists() else None


def experiment(client: "MlflowClient", tracking: Tracking) -> str:
    """The id of the experiment that the settings name, made if it is new.

    In a SQLite store its files go to `mlartifacts/` beside the database, wherever a stage runs.
    Raises UserError if the store refuses, or the experiment was deleted.
    """
    from mlflow.exceptions import MlflowException

    uri = client.tracking_uri
    file = sqlite_file(uri)
    location = (file.parent / ARTIFACTS).as_uri() if file else None
    name = tracking.experiment
    try:
        if client.get_experiment_by_name(name) is None:
            client.create_experiment(name, artifact_location=location, tags=_KIND)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was quicker
            check_server(uri)
            raise unusable(uri, error) from None
    found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage == "deleted":
        raise UserError(
            f"tracking.experiment: '{name}' was deleted in {without_secrets(uri)}: restore it with "
            "`mlflow experiments restore`, or name another"
        )
    if file and (lost := _lost(found.artifact_location)):
        raise UserError(
            f"{file.name} was made in {lost.parent}, and names that place for the files of its runs: "
            "move the project back, or name another tracking.experiment and tracking.model"
        )
    return str(found.experiment_id)


def _lost(location: str) -> Path | None:
    """The folder of an experiment's files, where it is one that is there no more."""
    parts = urlsplit(location)
    folder = Path(unquote(parts.path))
    # Without runs there is none yet, beside the store that names it.
    return folder if parts.scheme == "file" and not folder.parent.exists() else None


def existing(ask: Callable[[], T]) -> T | None:
    """What a store answers; None where it has no such thing."""
    from mlflow.exceptions import MlflowException

    try:
        return ask()
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


@contextmanager
def as_default(client: "MlflowClient") -> Iterator[None]:
    """Within the block, MLflow's process-wide store is that of `client`.

    Logging a model and following a `models:/` address know no other. MLflow writes the store into
    the environment too, from where `tracking_uri` would read it back, so that is restored.
    """
    import mlflow

    variable = os.environ.pop(URI_VARIABLE, None)
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(client.tracking_uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None unsets it
        if variable is not None:
            os.environ[URI_VARIABLE] = variable


@contextmanager
def answering(client: "MlflowClient") -> Iterator[None]:
    """Within the block, a store that can no longer be used ends in an error that a user can mend.

    That is a UserError for a server that goes away or lets us not in, and OSError for a database
    on a full disk, or without permission to write.
    """
    from mlflow.exceptions import MlflowException

    uri = client.tracking_uri
    try:
        yield
    except (MlflowException, OSError) as error:
        check_server(uri)
        mendable = unusable(uri, error)
        if isinstance(mendable, OSError) or getattr(error, "error_code", None) in _DENIALS:
            raise mendable from None
        raise


def check_server(uri: str) -> None:
    """Check that a store that is a server answers, whatever it answers; else raise UserError."""
    if not uri.startswith(HTTP):
        return
    import requests

    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=_ANSWER_SECONDS, allow_redirects=False)
    except requests.exceptions.SSLError:
        pass  # it answers; MLflow's own settings decide which certificates are trusted
    except requests.exceptions.RequestException:
        raise UserError(
            f"the tracking server at {without_secrets(uri)} does not answer: start it, or set "
            f"tracking.uri or {URI_VARIABLE}"
        ) from None


def unusable(uri: str, error: Exception) -> UserError | OSError:
    """The error that tells a user why the store cannot be used."""
    if (file := sqlite_file(uri)) and (plain := as_os_error(error, file)):
        return plain
    reason = f"the tracking store {uri} cannot be used: {error}"
    return UserError(without_secrets(reason))
