"""All journals of the project: sent, closed where nobody writes them any more, and removed at last."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from constancy.errors import UserError
from constancy.paths import training_folder
from constancy.registry.delivery import Delivery, position, sent_file
from constancy.registry.journal import Journal, find_journals, read_events
from constancy.settings.tracking import Tracking


class Amount(NamedTuple):
    """How many events of how many runs."""

    events: int
    runs: int


def send_journals(tracking: Tracking) -> Amount:
    """Send what journals still hold, but for those of living processes; returns how much that was.

    Runs whose process was killed are closed as KILLED. Raises UserError or OSError if the store
    cannot be used; the rest stays in the journals.
    """
    sent: list[int] = []
    errors: list[UserError | OSError] = []
    for journal in _left():
        if journal.status == "RUNNING":
            journal.end("KILLED", journal.last_written())
        try:
            if unsent(journal.path):
                sent.append(Delivery(journal.path, tracking).send())
            settle(journal)
        except (UserError, OSError) as error:  # it may be this journal's experiment alone
            errors.append(error)
    if errors:
        raise errors[0]
    return Amount(sum(sent), len(sent))


def pending() -> Amount:
    """How much `send_journals` would send; what it would write itself is not counted."""
    left = [count for journal in _left() if (count := unsent(journal.path))]
    return Amount(sum(left), len(left))


def resume(key: str) -> Journal | None:
    """The journal of a training on the same inputs that did not end well, held; None if there is none."""
    for path in find_journals():
        if journal := Journal.hold(path):
            if journal.key == key and journal.status != "FINISHED":
                return journal
            journal.close()
    return None


def settle(journal: Journal) -> None:
    """Remove a journal that has been sent, unless its training may go on from its checkpoints."""
    ended_well = journal.status == "FINISHED"
    if not unsent(journal.path) and (ended_well or not (training_folder() / journal.key).exists()):
        journal.path.unlink(missing_ok=True)
        sent_file(journal.path).unlink(missing_ok=True)


def unsent(journal: Path) -> int:
    """How many events of a journal are still to be sent; none of one that is removed."""
    with suppress(FileNotFoundError):
        return sum(1 for _ in read_events(journal, position(journal)))
    return 0


def _left() -> Iterator[Journal]:
    """The journals that no living process holds, one after another, held meanwhile."""
    for path in find_journals():
        if journal := Journal.hold(path):
            with closing(journal):
                if journal.key:  # else it is no journal
                    yield journal
