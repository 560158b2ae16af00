"""Which version is champion, challenger and the champion before: moved as decisions say.

A decision is written down first and then carried out, by steps that may be taken again. So whoever
looks sees one champion at every moment, and where a process is killed amid them the next one that
decides takes the rest.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from constancy.registry.history import Record, begin, is_sealed, pending, settle, withdraw
from constancy.registry.store import existing
from constancy.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, number_of, retell
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


_VERDICTS = {"promotion": "promoted", "forced promotion": "forced"}


def decide(client: "MlflowClient", model: str, **values: Any) -> None:
    """Write down a decision and carry it out; values as for `history.begin`.

    Only to be called within `exclusive.alone`, after `finish`.
    """
    run = begin(client, model, **values)
    try:
        finish(client, model)
    except BaseException:
        # What this process is told could not be done, the next one shall not do. But what is done
        # in part it shall complete.
        with suppress(Exception):
            moved = values["champion"] != values["champion_before"]
            if not moved or number_of(client, model, CHAMPION) != values["champion"]:
                withdraw(client, run)
        raise


def finish(client: "MlflowClient", model: str) -> None:
    """Carry out what was decided and is not done yet. Only to be called within `exclusive.alone`.

    What has been overtaken meanwhile, as by a version deleted or an alias moved by hand, and what
    somebody wrote down who may not change the model, is withdrawn with a warning.
    """
    for run, record in pending(client, model):
        if why := _why_not(client, run, record):
            warn(f"the {record.kind} of {model} {record.version} is not carried out: {why}")
            withdraw(client, run)
            continue
        _carry_out(client, record)
        settle(client, run)


def _why_not(client: "MlflowClient", run: "Run", record: Record) -> str | None:
    champion = number_of(client, record.model, CHAMPION)
    if champion not in (record.champion_before, record.champion):
        return f"version {champion} became champion meanwhile"
    if existing(lambda: client.get_model_version(record.model, str(record.version))) is None:
        return "the version was deleted meanwhile"
    if not is_sealed(client, record.model, run):
        return "whoever wrote it down has not changed the model, and may have no right to"
    return None


def _carry_out(client: "MlflowClient", record: Record) -> None:
    """The champion first: until it has moved, nothing has."""
    model, version = record.model, record.version
    if record.kind == "challenge":
        _give(client, model, CHALLENGER, version)
        return
    if record.champion is not None and record.champion != record.champion_before:
        _give(client, model, CHAMPION, record.champion)
        if record.champion_before is not None:
            _give(client, model, PREVIOUS, record.champion_before)
        _tell(client, record)
    if number_of(client, model, CHALLENGER) == version:
        client.delete_registered_model_alias(model, CHALLENGER)


def _tell(client: "MlflowClient", record: Record) -> None:
    """Let the new champion's page in the registry say how it became that."""
    version = client.get_model_version(record.model, str(record.version))
    if verdict := _VERDICTS.get(record.kind):
        client.set_model_version_tag(record.model, version.version, "verdict", verdict)
    retell(client, version, record.reason)


def _give(client: "MlflowClient", model: str, alias: str, version: int) -> None:
    """An alias points at one version: the one that had it loses it in the same moment."""
    if number_of(client, model, alias) != version:
        client.set_registered_model_alias(model, alias, str(version))
