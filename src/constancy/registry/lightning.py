"""Training metrics into a run while training goes on."""

import time
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from constancy.registry.store import connect
from constancy.registry.tracking import attempt, warn
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient


def lightning_logger(tracking: Tracking, run_id: str | None) -> "RunLogger | None":
    """A logger for `Trainer` that writes into the run; None without a run.

    A store that cannot be used costs one line of warning, and there is no logger.
    """
    if run_id is None:
        return None
    return attempt(
        lambda: RunLogger(connect(tracking), run_id),
        "training goes on without its metrics being tracked",
    )


class RunLogger(Logger):
    """Metrics into an MLflow run that others began and will close.

    Lightning's own MLFlowLogger changes the process's tracking store, closes the run when fitting
    ends, and lets a server that goes away end the training. This one warns once and is silent from
    then on.
    """

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        super().__init__()
        self._client: MlflowClient | None = client
        self._run_id = run_id

    @property
    def name(self) -> str:
        return "mlflow"

    @property
    def version(self) -> str:
        return self._run_id

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        if self._client is None:
            return
        from mlflow.entities import Metric
        from mlflow.exceptions import MlflowException

        now = int(time.time() * 1000)
        values = [Metric(name, value, now, step or 0) for name, value in metrics.items()]
        try:
            self._client.log_batch(self._run_id, metrics=values)
        except MlflowException as error:
            warn(f"{error}; training goes on, its further metrics are not tracked")
            self._client = None

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run has the settings as parameters since it began."""
