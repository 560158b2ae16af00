"""Which version is champion, challenger and the champion before: moved as decisions say.

A decision is written down first and then carried out, by steps that may be taken again. So whoever
looks sees one champion at every moment, and where a process is killed amid them the next one that
decides takes the rest.
"""

from typing import TYPE_CHECKING, Any

from constancy.registry.history import Record, begin, pending, settle, withdraw
from constancy.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, version_of
from constancy.settings.tracking import Tracking
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient


def number_of(client: "MlflowClient", model: str, alias: str) -> int | None:
    """The number of the version that has an alias, None where none has."""
    version = version_of(client, model, alias)
    return int(version.version) if version else None


def decide(client: "MlflowClient", tracking: Tracking, model: str, **values: Any) -> None:
    """Write down a decision and carry it out; values as for `history.begin`.

    Only to be called within `store.alone`, after `finish`.
    """
    run = begin(client, tracking, model, **values)
    try:
        finish(client, tracking, model)
    except BaseException:
        withdraw(client, run)  # or the next one would do what this one is told could not be done
        raise


def finish(client: "MlflowClient", tracking: Tracking, model: str) -> None:
    """Carry out what was decided and is not done yet. Only to be called within `store.alone`."""
    for run, record in pending(client, tracking, model):
        _carry_out(client, record)
        settle(client, run)


def _carry_out(client: "MlflowClient", record: Record) -> None:
    model, version = record.model, record.version
    if record.kind == "challenge":
        _give(client, model, CHALLENGER, version)
        return
    if number_of(client, model, CHALLENGER) == version:
        client.delete_registered_model_alias(model, CHALLENGER)
    if record.champion is not None and record.champion != record.champion_before:
        if record.champion_before is not None:
            _give(client, model, PREVIOUS, record.champion_before)
        _give(client, model, CHAMPION, record.champion)


def _give(client: "MlflowClient", model: str, alias: str, version: int) -> None:
    """An alias points at one version: the one that had it loses it in the same moment."""
    from mlflow.exceptions import MlflowException

    if number_of(client, model, alias) == version:
        return
    try:
        client.set_registered_model_alias(model, alias, str(version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        # Or what was decided of a version that somebody deleted since would be in the way for ever.
        warn(f"{model} {version} was deleted: it cannot become {alias}")
