"""The run of a training, from its beginning to its end, with or without a store to keep it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from constancy.registry.journal import Event, Journal, now
from constancy.registry.sender import Sender
from constancy.registry.sync import resume, unsent
from constancy.registry.system import SystemMetrics
from constancy.registry.tracking import WEIGHTS_TAG, inputs, lineage
from constancy.settings import Settings
from constancy.stage import warn

if TYPE_CHECKING:
    from constancy.registry.lightning import JournalLogger


class Run:
    """What a training tells of itself; without a journal it tells it nobody."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal

    @property
    def logger(self) -> "JournalLogger | None":
        """For Lightning's Trainer."""
        from constancy.registry.lightning import JournalLogger

        return JournalLogger(self._journal) if self._journal else None

    def tag(self, name: str, value: str) -> None:
        """Say something of the training that was found out on the way."""
        if self._journal:
            self._journal.append(Event("tags", {name: value}))

    def complete(self, weights: str, **metrics: float) -> None:
        """Say what the training made.

        weights: their digest, by which the registration finds the run; metrics: of the training as
        a whole.
        """
        self.tag(WEIGHTS_TAG, weights)
        if self._journal:
            self._journal.log(metrics, 0)


UNTRACKED = Run(None)


@contextmanager
def tracked_run(settings: Settings, key: str) -> Iterator[Run]:
    """Within the block, what its run is told is kept in a journal, and sent to the store beside it.

    key: of the training's inputs. A training that did not end well is gone on with in the same run.
    The run ends as FINISHED, as FAILED with an exception, or as KILLED with the process. Nothing
    of this ever stops a training, or makes it wait for more than seconds at its end.
    """
    journal = _begin(settings, key)
    if journal is None:
        yield UNTRACKED
        return
    sender, system = Sender(journal, settings.tracking), SystemMetrics(journal)
    sender.start()
    system.start()
    status = "KILLED"
    try:
        yield Run(journal)
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        system.stop()
        journal.end(status)
        sender.stop()
        if left := unsent(journal.path):
            warn(f"{left} events of this run are not sent yet: `constancy sync` sends them")


def _begin(settings: Settings, key: str) -> Journal | None:
    """A journal with what there is to say at the start; None, with a warning, if that is impossible."""
    try:
        origin = lineage()
        if journal := resume(key):
            journal.resume()
            journal.append(*origin)
            return journal
        begin = {"experiment": settings.tracking.experiment, "key": key, "time": now()}
        return Journal.create([Event("begin", begin), *inputs(settings), *origin])
    except Exception as error:  # whatever it is, training goes on
        warn(f"{error or type(error).__name__}; this run is not tracked")
        return None
