"""Every decision about which model is champion: kept as runs, so that it outlives the versions."""

import getpass
import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from constancy.registry.journal import now
from constancy.registry.store import experiment
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Kind = Literal["promotion", "challenge", "refusal", "forced promotion", "rollback"]

_TAG = "constancy.decision"
_PAGE = 1000  # records at once


@dataclass(frozen=True)
class Record:
    """One decision about a version of a model.

    number: counts from 1 for each model; champion_before, champion: the version that was champion
    before and is after it, None where there is none; by: USER@MACHINE; time: in ms since 1970; suite,
    weights: digests of what was judged by what; details: what the gate found, where it was asked.
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
    details: dict[str, Any]


def decided_by() -> str:
    """Who decides: the user and the machine that this process is of."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def begin(client: "MlflowClient", tracking: Tracking, model: str, **values: Any) -> "Run":
    """Write down a decision before it is carried out: the run is RUNNING until it is `settled`.

    values: those of a `Record` but for its number, who decides, and when. Only to be called by one
    process at a time, as within `store.alone`.
    """
    last = next(records(client, tracking, model), None)
    record = Record(
        number=last.number + 1 if last else 1,
        model=model,
        by=decided_by(),
        time=now(),
        **values,
    )
    return client.create_run(
        _experiment(client, tracking),
        start_time=record.time,
        run_name=f"{record.number}: {record.kind} of {model} {record.version}",
        tags={
            f"{_TAG}.of": _key(model),
            f"{_TAG}.number": f"{record.number:09}",
            **_parts(json.dumps(asdict(record))),
            "mlflow.note.content": record.reason,
        },
    )


def settle(client: "MlflowClient", run: "Run") -> None:
    """Say that a decision is carried out, and keep it as a file, too."""
    client.log_dict(run.info.run_id, asdict(_record(run)), "decision.json")
    client.set_terminated(run.info.run_id)


def withdraw(client: "MlflowClient", run: "Run") -> None:
    """Take back a decision that cannot be carried out; as far as the store still answers."""
    with suppress(Exception):
        client.set_terminated(run.info.run_id, "FAILED")


def pending(client: "MlflowClient", tracking: Tracking, model: str) -> list[tuple["Run", Record]]:
    """Decisions that were written down but not carried out, since their process was killed."""
    runs = _search(client, tracking, model, "attributes.status = 'RUNNING'")
    return sorted(((run, _record(run)) for run in runs), key=lambda each: each[1].number)


def records(client: "MlflowClient", tracking: Tracking, model: str) -> Iterator[Record]:
    """All decisions about a model, the newest first; not those that were withdrawn."""
    runs = _search(client, tracking, model, "attributes.status != 'FAILED'")
    return (_record(run) for run in runs)


def _search(client: "MlflowClient", tracking: Tracking, model: str, also: str) -> Iterator["Run"]:
    query = f"tags.`{_TAG}.of` = '{_key(model)}'"
    token = None
    while True:
        found = client.search_runs(
            [_experiment(client, tracking)],
            f"{query} and {also}",
            max_results=_PAGE,
            order_by=[f"tags.`{_TAG}.number` DESC"],
            page_token=token,
        )
        yield from found
        token = found.token
        if not token:
            return


def _key(model: str) -> str:
    """A model's name as a query can hold it, whatever signs are in it."""
    return hashlib.sha256(model.encode()).hexdigest()


def _experiment(client: "MlflowClient", tracking: Tracking) -> str:
    """Decisions lie beside the runs of trainings, not among them."""
    name = f"{tracking.experiment}, decisions"
    return experiment(client, tracking.model_copy(update={"experiment": name}))


_PART = 4000  # characters; MLflow keeps 5,000 of a tag


def _parts(text: str) -> dict[str, str]:
    """A long text as tags of as many characters as they may have."""
    starts = range(0, len(text), _PART)
    return {f"{_TAG}.{n}": text[start : start + _PART] for n, start in enumerate(starts)}


def _record(run: "Run") -> Record:
    parts: list[str] = []
    tags = run.data.tags
    while (part := tags.get(f"{_TAG}.{len(parts)}")) is not None:
        parts.append(part)
    return Record(**json.loads("".join(parts)))
