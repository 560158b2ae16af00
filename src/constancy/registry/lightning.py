"""Training metrics into a journal while training goes on."""

from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from constancy.registry.journal import Journal


class JournalLogger(Logger):
    """Writes what Lightning logs into the journal of a run that others began and will close."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    @property
    def name(self) -> str:
        return "constancy"

    @property
    def version(self) -> str:
        return self._journal.id

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self._journal.log(metrics, step or 0)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run has the settings as parameters since it began."""
