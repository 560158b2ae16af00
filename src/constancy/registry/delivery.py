"""The events of a run, sent to MLflow: in order, in batches, and each once however often it is tried."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy.files import write_text
from constancy.registry.journal import Event, read_events
from constancy.registry.store import answering, check_server, connect, experiment, unusable
from constancy.settings.tracking import Tracking
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient

JOURNAL_TAG = "constancy.journal"
"""The tag that says of which journal a run is."""

_EVENTS, _METRICS, _VALUES = 500, 1000, 100  # at once; the latter two are MLflow's limits


class Delivery:
    """Sends what a journal holds to its run, and remembers in a file beside it how far it came.

    One that is cut off between sending and remembering sends the same again, which changes nothing:
    the run is found by its tag, and the store keeps one of points that are equal in name, value,
    time and step.
    """

    def __init__(self, journal: Path, tracking: Tracking) -> None:
        self._journal = journal
        self._tracking = tracking
        self._sent = sent_file(journal)
        self._run: tuple[MlflowClient, str] | None = None

    def send(self) -> int:
        """Send all that has not been sent; returns how many events that were.

        Raises UserError or OSError if the store cannot be used.
        """
        count = 0
        try:
            client, run_id = self._run = self._run or self._open()
            with _mendable(client):
                while batch := self._next():
                    for kind, group in groupby(batch, key=lambda each: each[0].kind):
                        events, ends = zip(*group, strict=True)
                        deliver(client, run_id, kind, [event.content for event in events])
                        write_text(self._sent, str(ends[-1]))
                        count += len(events)
        except BaseException:
            self._run = None  # it may be another store, by the next time
            raise
        return count

    def _next(self) -> list[tuple[Event, int]]:
        events = read_events(self._journal, position(self._journal))
        return list(islice(events, _EVENTS))

    def _open(self) -> tuple["MlflowClient", str]:
        """The journal's run in the store, made if there is none: then nothing has been sent yet."""
        from mlflow.entities import ViewType

        begin = next(read_events(self._journal))[0].content
        client = connect(self._tracking)
        with _mendable(client):
            number = experiment(
                client, self._tracking.model_copy(update={"experiment": begin["experiment"]})
            )
            query = f"tags.`{JOURNAL_TAG}` = '{self._journal.stem}'"
            if found := client.search_runs([number], query, ViewType.ALL, max_results=1):
                return client, found[0].info.run_id
            self._sent.unlink(missing_ok=True)
            tags = {JOURNAL_TAG: self._journal.stem}
            run = client.create_run(number, start_time=begin["time"], tags=tags)
            return client, run.info.run_id


def position(journal: Path) -> int:
    """Up to where a journal has been sent; 0 where nobody knows: what is sent again is stored once."""
    try:
        return int(sent_file(journal).read_text())
    except (FileNotFoundError, ValueError):  # a power cut may leave it empty
        return 0


def sent_file(journal: Path) -> Path:
    """The file that says so."""
    return journal.with_suffix(".sent")


def deliver(client: "MlflowClient", run_id: str, kind: str, contents: Sequence[Any]) -> None:
    """Send the contents of events of one kind, in order; what MLflow refuses costs one warning."""
    from mlflow.entities import Metric, Param, RunTag

    def values() -> Iterable[tuple[str, str]]:
        return chain.from_iterable(content.items() for content in contents)

    match kind:
        case "metrics":
            metrics = [Metric(*point) for point in chain.from_iterable(contents)]
            _send(metrics, _METRICS, lambda part: client.log_batch(run_id, metrics=part))
        case "params":
            params = [Param(*value) for value in values()]
            _send(params, _VALUES, lambda part: client.log_batch(run_id, params=part))
        case "tags":
            tags = [RunTag(*value) for value in dict(values()).items()]
            _send(tags, _VALUES, lambda part: client.log_batch(run_id, tags=part))
        case "input":
            _send(contents, 1, lambda part: _log_input(client, run_id, **part[0]))
        case "texts":
            _send(list(values()), 1, lambda part: _log_text(client, run_id, *part[0]))
        case "status":
            _send(contents, 1, lambda part: _set_status(client, run_id, *part[0]))


def _send(items: Sequence[Any], size: int, send: Callable[[Sequence[Any]], object]) -> None:
    """Send items in parts of a size; what is refused is looked for, and left out."""
    for start in range(0, len(items), size):
        part = items[start : start + size]
        try:
            send(part)
        except Exception as error:
            if not _is_refusal(error):
                raise
            if len(part) == 1:
                _warn_once(f"the tracking store refuses some of what was logged: {error}")
            else:
                _send(part, (len(part) + 1) // 2, send)


@contextmanager
def _mendable(client: "MlflowClient") -> Iterator[None]:
    """Within the block, whatever is the matter with the store is told as UserError or OSError."""
    from mlflow.exceptions import MlflowException

    try:
        with answering(client):
            yield
    except MlflowException as error:
        raise unusable(client.tracking_uri, error) from error


_warn_once = cache(warn)


class _RefusedTextError(Exception):
    """A file that cannot be kept where files of runs go."""


def _is_refusal(error: Exception) -> bool:
    """Whether an event is to blame, rather than the store."""
    return (
        isinstance(error, _RefusedTextError)
        or getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE"
    )


def _log_input(client: "MlflowClient", run_id: str, *, name: str, digest: str, source: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    origin = json.dumps({"source": source})
    data = Dataset(name, digest, source_type="constancy", source=origin)
    client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])


def _log_text(client: "MlflowClient", run_id: str, name: str, text: str) -> None:
    """Keep a text as a file of the run.

    Files may go to another place than metrics, which has errors of its own, and is not to hold them
    up: it gets one chance, as long as the server answers.
    """
    try:
        client.log_text(run_id, text, name)
    except Exception as error:
        check_server(client.tracking_uri)
        raise _RefusedTextError(str(error)) from error


def _set_status(client: "MlflowClient", run_id: str, status: str, time: int) -> None:
    if status == "RUNNING":
        client.update_run(run_id, status)
    else:
        client.set_terminated(run_id, status, time)
