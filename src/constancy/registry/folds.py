"""Cross-validation in the tracking store: the runs of all folds below one run that sums them up."""

import hashlib
import json
import time
from collections.abc import Mapping
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from constancy.addresses import without_secrets
from constancy.paths import RAW
from constancy.registry.exclusive import alone
from constancy.registry.lineage import data_digests
from constancy.registry.store import experiment
from constancy.settings import Settings
from constancy.settings.data import Split

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_SUMMARY, _KEY, _FOLD, _PARENT = "folds.summary", "folds.key", "fold", "mlflow.parentRunId"


def sum_up_folds(client: "MlflowClient", settings: Settings, run_id: str) -> str | None:
    """Put a fold's run, with its metrics, under the run of its cross-validation, and sum up anew.

    That run has, for each metric of the folds' newest runs but for counts, the mean under the
    metric's own name and the standard deviation over the folds under `NAME_sd`; and `folds`, how
    many there are. Returns a line that says where it stands; None without `data.split.folds`.
    """
    split = settings.data.split
    if split.folds is None:
        return None
    key, number = _key(settings), experiment(client, settings.tracking)
    client.update_run(run_id, name=fold_name(split))
    # Two folds that end at the same moment would each make a run above them.
    with alone(client, settings.tracking.model):
        parent = _find(client, number, key) or client.create_run(
            number,
            tags={_SUMMARY: key},
            run_name=f"{split.folds} folds, {without_secrets(settings.data.source)}",
        )
        for name, value in ((_KEY, key), (_FOLD, str(split.fold)), (_PARENT, parent.info.run_id)):
            client.set_tag(run_id, name, value)
        folds = _newest(client, number, key)
        means = _log(client, parent.info.run_id, folds)
        client.set_terminated(parent.info.run_id)
    spread = f" (standard deviation {means['clean/accuracy_sd']:.4f})" if len(folds) > 1 else ""
    return (
        f"{len(folds)} of {split.folds} folds: clean accuracy {means['clean/accuracy']:.4f}{spread}, "
        f"weakest factor {means['worst_factor/accuracy']:.4f}"
    )


def fold_name(split: Split) -> str:
    """What a fold is called: by its number in the settings, such as `fold 0 of 5`."""
    return f"fold {split.fold} of {split.folds}"


def _key(settings: Settings) -> str:
    """What all folds of one cross-validation share: data, and settings that decide their outcome."""
    values = settings.model_dump(by_alias=True, exclude={"promotion", "tracking"})
    del values["data"]["split"]["fold"]
    values["raw"] = data_digests().get(str(RAW))
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _find(client: "MlflowClient", number: str, key: str) -> "Run | None":
    found = client.search_runs(
        [number], f"tags.`{_SUMMARY}` = '{key}'", max_results=1, order_by=["attributes.start_time"]
    )
    return found[0] if found else None


def _newest(client: "MlflowClient", number: str, key: str) -> dict[str, "Run"]:
    """The newest evaluated run of each fold."""
    newest: dict[str, Run] = {}
    found = client.search_runs(
        [number], f"tags.`{_KEY}` = '{key}'", order_by=["attributes.start_time DESC"]
    )
    for run in found:
        if "clean/accuracy" in run.data.metrics:
            newest.setdefault(run.data.tags[_FOLD], run)
    return newest


def _log(client: "MlflowClient", parent: str, folds: Mapping[str, "Run"]) -> dict[str, float]:
    from mlflow.entities import Metric

    names = set.intersection(*(set(run.data.metrics) for run in folds.values()))
    summary: dict[str, float] = {"folds": len(folds)}
    for name in sorted(name for name in names if not name.endswith("/count")):
        values = [run.data.metrics[name] for run in folds.values()]
        summary[name] = fmean(values)
        if len(values) > 1:
            summary[f"{name}_sd"] = stdev(values)
    now = int(time.time() * 1000)
    # MLflow shows the value of the greatest step, and steps of one fold after another may repeat.
    metrics = [Metric(name, value, now, now // 1000) for name, value in summary.items()]
    client.log_batch(parent, metrics)
    return summary
