"""Sending a journal beside training, which never waits for it."""

import sys
from threading import Event, Thread

from constancy.registry.delivery import Delivery
from constancy.registry.journal import Journal
from constancy.registry.sync import send_journals, settle
from constancy.settings.tracking import Tracking
from constancy.stage import warn

EVERY_SECONDS = 1.0
MOST_SECONDS = 30.0
GRACE_SECONDS = 5.0  # for what is left at the end
AWAY_SECONDS = 1.0  # for an attempt to end that is under way


class Sender(Thread):
    """Sends what comes into a journal every second, and once what earlier runs left unsent.

    It closes the journal at the end. While the store cannot be used it tries ever more seldom. One
    line says when that begins, and one when it is over.
    """

    def __init__(self, journal: Journal, tracking: Tracking) -> None:
        super().__init__(name="sender", daemon=True)
        self._journal = journal
        self._delivery = Delivery(journal.path, tracking)
        self._tracking = tracking
        self._stopped = Event()
        self._away = False
        self._synced = False

    def run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            pause = EVERY_SECONDS if self._send() else min(2 * pause + EVERY_SECONDS, MOST_SECONDS)
        if not self._away:
            self._send()
        settle(self._journal)
        self._journal.close()

    def stop(self) -> None:
        """Send the rest, if that is quick, and let go of the journal.

        A store that is known to be away costs a second at the most, and a slow one some more.
        """
        self._stopped.set()
        self.join(AWAY_SECONDS if self._away else GRACE_SECONDS)

    def _send(self) -> bool:
        """Whether all was sent."""
        try:
            self._delivery.send()
            if not self._synced:
                self._synced = True
                send_journals(self._tracking)
        except Exception as error:  # whatever it is, training goes on
            if not self._away:
                warn(f"{error}; training goes on, and what is tracked is sent later")
            self._away = True
            return False
        if self._away:
            print("train: the tracking store can be used again", file=sys.stderr)
        self._away = False
        return True
