"""Runs: begun by training, completed by the registration, never in the way of either."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from constancy.errors import UserError
from constancy.registry.lineage import data_digest, lineage_tags
from constancy.registry.store import connect, experiment, quiet_mlflow, without_secrets
from constancy.settings import SEVERITIES, Settings
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

PARAMETERS_IN_A_BATCH = 100  # MLflow's limit


def start_run(settings: Settings) -> str | None:
    """Begin the run of one pass through the pipeline, and record its settings and lineage.

    Returns the run's id; None, with one line of warning, where the store cannot be used: training
    goes on without.
    """
    return attempt(
        lambda: create_run(connect(settings.tracking), settings), "this run is not tracked"
    )


def end_run(tracking: Tracking, run_id: str | None, status: str = "FINISHED") -> None:
    """Close a run as FINISHED, FAILED or KILLED; nothing happens without a run.

    A store that cannot be used costs one line of warning.
    """
    if run_id is not None:
        attempt(
            lambda: connect(tracking).set_terminated(run_id, status),
            f"the tracking store goes on to show the run as open, not as {status}",
        )


def create_run(client: "MlflowClient", settings: Settings) -> str:
    """A new run with the settings as parameters, and tags and data that tell its lineage."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param

    # Whatever the user has to mend is found before there is a run.
    tags, digest = lineage_tags(), data_digest()
    run = client.create_run(experiment(client, settings.tracking), tags=tags)
    run_id = str(run.info.run_id)
    parameters = [Param(key, value) for key, value in run_parameters(settings).items()]
    for start in range(0, len(parameters), PARAMETERS_IN_A_BATCH):
        client.log_batch(run_id, params=parameters[start : start + PARAMETERS_IN_A_BATCH])
    if digest:
        source = json.dumps({"source": without_secrets(settings.data.source)})
        data = Dataset("prepared", digest, source_type="constancy", source=source)
        client.log_inputs(
            run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])]
        )
    return run_id


def run_parameters(settings: Settings) -> dict[str, str]:
    """The settings with dotted keys, such as `train.epochs`; lists are written as JSON.

    Without the section `tracking`, which changes no result and may hold a password.
    """
    values = settings.model_dump(by_alias=True, exclude={"tracking"})
    values["data"]["source"] = without_secrets(values["data"]["source"])
    return dict(_flatten("", values))


def find_run(client: "MlflowClient", run_id: str | None) -> str | None:
    """`run_id` if there is such a run, else None.

    A restored stage brings back the id of a run that was deleted, or lives in another store.
    """
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return None
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
    return run_id if run.info.lifecycle_stage == "active" else None


def log_evaluation(
    client: "MlflowClient", run_id: str, metrics: dict[str, Any], files: Sequence[Path]
) -> None:
    """Add the scores of metrics.json, and files or whole folders as artifacts, to a run."""
    from mlflow.entities import Metric, RunTag

    now = int(time.time() * 1000)
    scores = [Metric(name, value, now, step) for name, value, step in flat_metrics(metrics)]
    tags = [
        RunTag("suite", metrics["suite"]),
        RunTag("worst_factor", metrics["worst_factor"]["name"]),
    ]
    client.log_batch(run_id, metrics=scores, tags=tags)
    for file in files:
        client.log_artifact(run_id, str(file))


def flat_metrics(metrics: dict[str, Any]) -> Iterator[tuple[str, float, int]]:
    """(name, value, step) of every score in metrics.json.

    Names are `clean/accuracy`, `clean/count`, `worst_factor/accuracy`, and for each factor
    `FACTOR/accuracy`, `FACTOR/retention` and `FACTOR/severity`, which has steps 1 to 5.
    """
    yield "clean/accuracy", metrics["clean"]["accuracy"], 0
    yield "clean/count", metrics["clean"]["count"], 0
    yield "worst_factor/accuracy", metrics["worst_factor"]["accuracy"], 0
    for factor, score in metrics["factors"].items():
        yield f"{factor}/accuracy", score["accuracy"], 0
        yield f"{factor}/retention", score["retention"], 0
        for severity, accuracy in zip(SEVERITIES, score["severities"], strict=True):
            yield f"{factor}/severity", accuracy, severity


def warn(message: str) -> None:
    """One line on standard error, without the passwords of addresses in it."""
    print(f"warning: {without_secrets(' '.join(message.split()))}", file=sys.stderr)


def attempt(work: Callable[[], T], otherwise: str) -> T | None:
    """What `work` returns; None where the store cannot be used.

    That costs one line of warning, which ends in what happens otherwise, and never the training.
    """
    quiet_mlflow()
    from mlflow.exceptions import MlflowException

    try:
        return work()
    except (UserError, MlflowException, OSError) as error:
        warn(f"{error}; {otherwise}")
        return None


def _flatten(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flatten(f"{prefix}.{key}" if prefix else key, each)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)
