"""Runs: begun by training, completed by the registration, never in the way of either."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy.addresses import without_secrets
from constancy.paths import PREPARED
from constancy.registry.delivery import deliver
from constancy.registry.journal import Event, now
from constancy.registry.lineage import data_digests, lineage_tags, lock_digest, uncommitted
from constancy.registry.metrics import flat_metrics
from constancy.registry.store import experiment
from constancy.settings import Settings
from constancy.settings.flat import flat
from constancy.settings.tracking import Tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRAINING = ("seed", "data", "variation", "suites", "model", "train")
"""The sections of the settings that decide a training."""
WEIGHTS_TAG = "weights_sha256"
"""The tag that says which weights a run trained, or a version has."""

_BATCH = 1000  # metrics that MLflow takes at once


def create_run(client: "MlflowClient", settings: Settings) -> str:
    """A new run with the training's settings as parameters, and tags and data for its lineage."""
    events = [*inputs(settings), *lineage()]
    run_id = str(client.create_run(experiment(client, settings.tracking)).info.run_id)
    for event in events:
        deliver(client, run_id, event.kind, [event.content])
    return run_id


def inputs(settings: Settings) -> Iterator[Event]:
    """What goes into a training: its settings as parameters, and its data."""
    yield Event("params", run_parameters(settings))
    if digest := data_digests().get(str(PREPARED)):
        source = without_secrets(settings.data.source)
        yield Event("input", {"name": "prepared", "digest": digest, "source": source})


def lineage() -> list[Event]:
    """Where a run comes from: tags, and as `diff.patch` what git knows of changes in the code.

    Raises UserError if dvc.lock cannot be read.
    """
    events = [Event("tags", lineage_tags())]
    if difference := uncommitted():
        events.append(Event("texts", {"diff.patch": difference}))
    return events


def run_parameters(settings: Settings) -> dict[str, str]:
    """The settings that decide a training, by dotted keys such as `train.epochs`; lists as JSON.

    By what settings a run is scored and judged may change later: see `tag_registration`.
    """
    values = settings.model_dump(by_alias=True, include=set(TRAINING))
    values["data"]["source"] = without_secrets(values["data"]["source"])
    return dict(flat(values))


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

    time = now()
    scores = [Metric(name, value, time, step) for name, value, step in flat_metrics(metrics)]
    for start in range(0, len(scores), _BATCH):
        client.log_batch(run_id, metrics=scores[start : start + _BATCH])
    tags = [
        RunTag("suite", metrics["suite"]),
        RunTag("worst_factor", metrics["worst_factor"]["name"]),
    ]
    client.log_batch(run_id, tags=tags)
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
