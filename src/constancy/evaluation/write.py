"""What an evaluation leaves on disk: metrics, predictions, plots, and the report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.report import render_report
from constancy.evaluation.scores import Metrics
from constancy.files import replacing
from constancy.settings.base import SEVERITIES


def write_evaluation(
    evaluation: Evaluation,
    history: pd.DataFrame,
    *,
    metrics: Path,
    predictions: Path,
    report: Path,
    plots: Path,
) -> None:
    """Write the four outputs, all of them or none; `plots` is a folder, the others are files.

    history: as given by `load_history`.
    """
    page = render_report(evaluation, history)
    scores = json.dumps(evaluation.metrics.as_json(), indent=2, allow_nan=False)
    with replacing(metrics, predictions, report, plots) as news:
        new_metrics, new_predictions, new_report, new_plots = news
        new_metrics.write_text(scores + "\n", encoding="utf-8")
        _write_predictions(evaluation, new_predictions)
        new_report.write_text(page, encoding="utf-8")
        new_plots.mkdir()
        severity_table(evaluation.metrics).to_csv(new_plots / "severity.csv", index=False)
        confusion_table(evaluation).to_csv(new_plots / "confusion.csv", index=False)


def severity_table(metrics: Metrics) -> pd.DataFrame:
    """One row for each factor and severity, for `dvc plots`: factor, severity, accuracy."""
    rows = [
        (name, severity, accuracy)
        for name, factor in metrics.factors.items()
        for severity, accuracy in zip(SEVERITIES, factor.severities, strict=True)
    ]
    return pd.DataFrame(rows, columns=["factor", "severity", "accuracy"])


def confusion_table(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each clean test image, for `dvc plots`: the actual and the predicted class."""
    names = np.array(evaluation.dataset.classes)
    predicted = names[evaluation.clean.argmax(-1)]
    return pd.DataFrame({"actual": names[evaluation.split.labels], "predicted": predicted})


def _write_predictions(evaluation: Evaluation, path: Path) -> None:
    """All answers of the model, to compare it with others without running it again.

    classes: label names; ids, labels: N, the test split; clean: float32 logits, N x classes;
    rows: n, the rows of the split that the suite varies; intra-class: N, severity 1..5; and under
    the name of each pixel factor, and "combined", float32 logits, severities x directions x n x
    classes; under FACTOR/control those of its controls, severities x n x classes.
    """
    arrays = {
        "classes": np.array(evaluation.dataset.classes, dtype=np.str_),
        "ids": evaluation.split.index["id"].to_numpy(dtype=np.str_),
        "labels": evaluation.split.labels,
        "clean": evaluation.clean,
        "rows": evaluation.base_rows,
        "intra-class": evaluation.intra_class,
        **evaluation.varied,
        **{f"{name}/control": logits for name, logits in evaluation.controls.items()},
    }
    # A file object, since numpy puts .npz behind any other name.
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
