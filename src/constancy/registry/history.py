"""Every decision about which model is champion: kept as runs, so that it outlives the versions."""

import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from constancy.registry.journal import now
from constancy.registry.store import existing, experiment
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Kind = Literal["promotion", "challenge", "refusal", "forced promotion", "rollback"]

State = Literal["done", "begun", "withdrawn"]

_STATES: dict[str, State] = {"RUNNING": "begun", "FAILED": "withdrawn"}
_TAG = "constancy.decision"
_SEAL = f"{_TAG}.sha256"
_PAGE = 1000  # records at once


@dataclass(frozen=True)
class Record:
    """One decision about a version of a model.

    number: counts from 1 for each model; champion_before, champion: the version that was champion
    before and is after it, None where there is none; by: USER@MACHINE; time: in ms since 1970; suite,
    weights, data, lock: see `versions.digests`; details: what the gate found, where it was asked;
    state: `begun` for what a killed process left, `withdrawn` for what could not be carried out.
    """

    number: int
    kind: Kind
    model: str
    version: int
    champion_before: int | None
    champion: int | None
    by: str
    time: int
    reason: str
    suite: str | None
    weights: str | None
    data: str | None
    lock: str | None
    details: dict[str, Any]
    state: State = "done"


def decided_by() -> str:
    """Who decides: the user and the machine that this process is of."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # containers may give a process a number that has no name there
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def begin(client: "MlflowClient", model: str, **values: Any) -> "Run":
    """Write down a decision before it is carried out: the run is RUNNING until it is `settled`.

    The registered model keeps its digest, for `is_sealed`. values: those of a `Record` but for its
    number, who decides, and when. Only to be called by one process at a time, as within
    `exclusive.alone`.
    """
    last = next(records(client, model), None)
    record = Record(
        number=last.number + 1 if last else 1,
        model=model,
        by=decided_by(),
        time=now(),
        **values,
    )
    text = json.dumps({k: v for k, v in asdict(record).items() if k != "state"})
    decisions = experiment(client, _experiment(model))
    client.set_registered_model_tag(model, _SEAL, _digest(text))
    return client.create_run(
        decisions,
        start_time=record.time,
        run_name=f"{record.number}: {record.kind} of {model} {record.version}",
        tags={
            f"{_TAG}.of": _digest(model),
            f"{_TAG}.number": f"{record.number:09}",
            **_parts(text),
            "mlflow.note.content": record.reason,
        },
    )


def settle(client: "MlflowClient", run: "Run") -> None:
    """Say that a decision is carried out, and keep it as a file, too."""
    client.log_dict(run.info.run_id, asdict(replace(_record(run), state="done")), "decision.json")
    client.set_terminated(run.info.run_id)


def withdraw(client: "MlflowClient", run: "Run") -> None:
    """Take back a decision that cannot be carried out; as far as the store still answers."""
    with suppress(Exception):
        client.set_terminated(run.info.run_id, "FAILED")


def pending(client: "MlflowClient", model: str) -> list[tuple["Run", Record]]:
    """Decisions that were written down but not carried out, since their process was killed."""
    runs = _search(client, model, "and attributes.status = 'RUNNING'")
    return sorted(((run, _record(run)) for run in runs), key=lambda each: each[1].number)


def is_sealed(client: "MlflowClient", model: str, run: "Run") -> bool:
    """Whether one wrote a decision down who may change the model: on a server, all may write runs."""
    found = existing(lambda: client.get_registered_model(model))
    return found is not None and found.tags.get(_SEAL) == _digest(_text(run))


def records(client: "MlflowClient", model: str) -> Iterator[Record]:
    """All decisions about a model, the newest first."""
    return (_record(run) for run in _search(client, model))


def gone(client: "MlflowClient", model: str) -> str | None:
    """Where there is no champion now: what became of the last one, None where there never was one."""
    last = next((each.champion for each in _done(client, model) if each.champion), None)
    return None if last is None else f"version {last}, the champion, was deleted or lost its alias"


def rolled_back(client: "MlflowClient", model: str, version: int) -> Record | None:
    """The decision by which a version was rolled back, None where it was not or is forgiven since."""
    for each in _done(client, model):
        if each.champion == version and each.champion_before != version:
            return None
        if each.kind == "rollback" and each.champion_before == version:
            return each
    return None


def _done(client: "MlflowClient", model: str) -> Iterator[Record]:
    return (each for each in records(client, model) if each.state == "done")


def _search(client: "MlflowClient", model: str, also: str = "") -> Iterator["Run"]:
    found = client.get_experiment_by_name(_experiment(model).experiment)
    token = None
    while found is not None:
        page = client.search_runs(
            [found.experiment_id],
            f"tags.`{_TAG}.of` = '{_digest(model)}' {also}",
            max_results=_PAGE,
            order_by=[f"tags.`{_TAG}.number` DESC"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _digest(text: str) -> str:
    """Of a model's name: that as a query can hold it, whatever signs are in it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _experiment(model: str) -> Tracking:
    """Decisions lie beside the runs of trainings, and by the model's name: it is what has aliases."""
    return Tracking(uri=None, experiment=f"{model}, decisions", model=model)


_PART = 4000  # characters; MLflow keeps 5,000 of a tag


def _parts(text: str) -> dict[str, str]:
    """A long text as tags of as many characters as they may have."""
    starts = range(0, len(text), _PART)
    return {f"{_TAG}.{n}": text[start : start + _PART] for n, start in enumerate(starts)}


def _text(run: "Run") -> str:
    parts: list[str] = []
    tags = run.data.tags
    while (part := tags.get(f"{_TAG}.{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


def _record(run: "Run") -> Record:
    return Record(**json.loads(_text(run)), state=_STATES.get(run.info.status, "done"))
