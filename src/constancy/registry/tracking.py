"""Runs: begun by training, completed by the registration, never in the way of either."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.paths import PREPARED
from constancy.registry.lineage import input_digests, lineage_tags, lock_digest
from constancy.registry.store import connect, experiment, quiet_mlflow
from constancy.settings import SEVERITIES, Settings
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

TRAINING = ("seed", "data", "variation", "suites", "model", "train")
"""The sections of the settings that decide a training."""
WEIGHTS_TAG = "weights_sha256"
"""The tag that says which weights a run trained, or a version has."""
PARAMETERS_IN_A_BATCH = 100  # MLflow's limit


def start_run(settings: Settings) -> str | None:
    """Begin the run of one pass through the pipeline, and record its training's settings and lineage.

    Returns the run's id; None, with one line of warning, where the store cannot be used: training
    goes on without.
    """
    return attempt(
        lambda: create_run(connect(settings.tracking), settings), "this run is not tracked"
    )


def complete_run(tracking: Tracking, run_id: str | None, weights: str, **metrics: float) -> None:
    """Close the run of a training that ended well; nothing happens without a run.

    weights: their digest, by which the registration finds the run; metrics: of the training as a
    whole. A store that cannot be used costs one line of warning.
    """
    from mlflow.entities import Metric, RunTag

    def complete(run_id: str) -> None:
        client, now = connect(tracking), int(time.time() * 1000)
        values = [Metric(name, value, now, 0) for name, value in metrics.items()]
        client.log_batch(run_id, metrics=values, tags=[RunTag(WEIGHTS_TAG, weights)])
        client.set_terminated(run_id)

    if run_id is not None:
        attempt(lambda: complete(run_id), "the tracking store goes on to show the run as open")


def fail_run(tracking: Tracking, run_id: str | None) -> None:
    """Close the run of a training that did not end well; nothing happens without a run.

    A store that cannot be used costs one line of warning.
    """
    if run_id is not None:
        attempt(
            lambda: connect(tracking).set_terminated(run_id, "FAILED"),
            "the tracking store goes on to show the run as open",
        )


def create_run(client: "MlflowClient", settings: Settings) -> str:
    """A new run with the training's settings as parameters, and tags and data for its lineage."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param

    # Whatever the user has to mend is found before there is a run.
    tags, digest = lineage_tags(), input_digests().get(str(PREPARED))
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
    """The settings that decide a training, by dotted keys such as `train.epochs`; lists as JSON.

    By what settings a run is scored and judged may change later: see `tag_registration`.
    """
    values = settings.model_dump(by_alias=True, include=set(TRAINING))
    values["data"]["source"] = without_secrets(values["data"]["source"])
    return dict(_flatten("", values))


def find_run(client: "MlflowClient", tracking: Tracking, weights: str) -> str | None:
    """The newest run that trained these weights, None where the store knows none.

    Files would be no good place for its id: a stage restored from a cache brings them back, and the
    same training twice would differ in them.
    """
    found = client.search_runs(
        [experiment(client, tracking)],
        f"tags.{WEIGHTS_TAG} = '{weights}'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return str(found[0].info.run_id) if found else None


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


def tag_registration(client: "MlflowClient", run_id: str, settings: Settings) -> None:
    """Say by which settings a run is scored and judged, and which pass of the pipeline led to it.

    Tags `evaluate` and `promotion` (JSON) and `dvc.lock.sha256` (see `lineage.lock_digest`), set
    anew each time: the same run may be judged again by other floors.
    """
    from mlflow.entities import RunTag

    values = settings.model_dump(by_alias=True, include={"evaluate", "promotion"})
    tags = {name: json.dumps(value) for name, value in values.items()}
    if digest := lock_digest():
        tags["dvc.lock.sha256"] = digest
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])


def flat_metrics(metrics: dict[str, Any]) -> Iterator[tuple[str, float, int]]:
    """(name, value, step) of every score in metrics.json.

    Names are `clean/accuracy`, `clean/count`, `worst_factor/accuracy`, `worst_cluster/accuracy`, and
    for each factor and `combined` `FACTOR/accuracy`, `FACTOR/retention`, and with steps 1 to 5
    `FACTOR/severity` and, where the factor has controls, `FACTOR/control`.
    """
    yield "clean/accuracy", metrics["clean"]["accuracy"], 0
    yield "clean/count", metrics["clean"]["count"], 0
    yield "worst_factor/accuracy", metrics["worst_factor"]["accuracy"], 0
    if metrics["worst_cluster"]:
        yield "worst_cluster/accuracy", metrics["worst_cluster"]["accuracy"], 0
    for factor, score in (*metrics["factors"].items(), ("combined", metrics["combined"])):
        yield f"{factor}/accuracy", score["accuracy"], 0
        yield f"{factor}/retention", score["retention"], 0
        for severity, accuracy in zip(SEVERITIES, score["severities"], strict=True):
            yield f"{factor}/severity", accuracy, severity
        for severity, accuracy in zip(SEVERITIES, score.get("control", ()), strict=False):
            yield f"{factor}/control", accuracy, severity


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
