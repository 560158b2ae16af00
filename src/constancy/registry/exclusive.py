"""One process at a time: on a machine by a file, among machines that share a server by its registry."""

import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING
from uuid import uuid4

from constancy.files import write_text
from constancy.registry.history import decided_by
from constancy.registry.sqlite import lock_of
from constancy.registry.store import existing, sqlite_file

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

LEASE_SECONDS = 600.0
"""After so long without an end, whoever is in the block is taken for dead: its calls take less."""

_TELL_AFTER = 5.0  # seconds of waiting without a word
_OWNER, _BY = "constancy.owner", "constancy.by"


@contextmanager
def alone(client: "MlflowClient", model: str) -> Iterator[None]:
    """Within the block, no other process is in such a block for the same model of the same store.

    A SQLite store is of one machine, and a file beside it is locked. For any other one, a registered
    model named after this one stands as long as the block lasts: a registry takes a name once.
    """
    from filelock import FileLock

    uri = client.tracking_uri
    if file := sqlite_file(uri):
        with FileLock(lock_of(file)):
            yield
        return
    # The processes of a machine wait for each other here: the registry sees one of them.
    place = f"{uri}\n{model}\n{os.getuid()}"
    lock = Path(gettempdir()) / f"constancy-{hashlib.sha256(place.encode()).hexdigest()[:16]}.lock"
    with FileLock(lock):
        name, owner = f"{model}, being decided", _owner(lock.with_suffix(".owner"))
        _take(client, name, owner)
        try:
            yield
        finally:
            _leave(client, name, owner)


def _owner(file: Path) -> str:
    """What all who can hold the same file lock call themselves, and nobody else does."""
    if not file.exists():
        write_text(file, uuid4().hex)
    return file.read_text()


def _take(client: "MlflowClient", name: str, owner: str) -> None:
    """Make the registered model that says: somebody is at it. Waits while another one's stands."""
    start = since = time.monotonic()
    before: RegisteredModel | None = None
    told = False
    while not _made(client, name, owner):
        found = existing(lambda: client.get_registered_model(name))
        if found is None:
            continue
        now = time.monotonic()
        if before is None or found.creation_timestamp != before.creation_timestamp:
            before, since = found, now
        # Who holds the file lock knows that the last one of this machine is no more.
        if found.tags.get(_OWNER) == owner or now - since > LEASE_SECONDS:
            _remove(client, name, found)
            continue
        if not told and now - start > _TELL_AFTER:
            told = True
            by = found.tags.get(_BY, "somebody")
            print(f"waiting for {by}, who is deciding", file=sys.stderr, flush=True)
        time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 -- so that those who wait do not meet


def _made(client: "MlflowClient", name: str, owner: str) -> bool:
    from mlflow.exceptions import MlflowException

    tags = {_OWNER: owner, _BY: decided_by()}
    try:
        client.create_registered_model(name, tags, "It stands for seconds, while one decides.")
    except MlflowException as error:
        # The latter where it went away while the registry looked at it.
        if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
            raise
        return False
    return True


def _leave(client: "MlflowClient", name: str, owner: str) -> None:
    """Where that fails, what was done in the block is done all the same, and the next one removes it."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        found = existing(lambda: client.get_registered_model(name))
        if found and found.tags.get(_OWNER) == owner:
            client.delete_registered_model(name)


def _remove(client: "MlflowClient", name: str, left: "RegisteredModel") -> None:
    """Remove what a dead process left. Of all who try at once, one can give it its new name.

    One who comes late may have renamed what the first of them made since, and gives it back.
    """
    from mlflow.exceptions import MlflowException

    aside = f"{name}, left at {left.creation_timestamp}"
    try:
        client.rename_registered_model(name, aside)
        renamed = client.get_registered_model(aside)
        if renamed.creation_timestamp == left.creation_timestamp:
            client.delete_registered_model(aside)
        else:
            client.rename_registered_model(aside, name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"):
            raise
