"""What an evaluation leaves on disk: metrics, predictions, plots, and the report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.report import render_report
from constancy.evaluation.scores import Metrics
from constancy.files import replacing
from constancy.settings.base import COMBINED, SEVERITIES


def write_evaluation(
    evaluation: Evaluation,
    history: pd.DataFrame,
    run: Mapping[str, Any],
    *,
    metrics: Path,
    predictions: Path,
    report: Path,
    plots: Path,
) -> None:
    """Write the four outputs, all of them or none; `plots` is a folder, the others are files.

    history, run: of the training, as given by `load_history` and `load_run`.
    """
    page = render_report(evaluation, history, run)
    scores = json.dumps(evaluation.metrics.as_json(), indent=2, allow_nan=False)
    with replacing(metrics, predictions, report, plots) as news:
        new_metrics, new_predictions, new_report, new_plots = news
        new_metrics.write_text(scores + "\n", encoding="utf-8")
        predictions_of(evaluation).save(new_predictions)
        new_report.write_text(page, encoding="utf-8")
        new_plots.mkdir()
        severity_table(evaluation.metrics).to_csv(new_plots / "severity.csv", index=False)
        confusion_table(evaluation).to_csv(new_plots / "confusion.csv", index=False)


def severity_table(metrics: Metrics) -> pd.DataFrame:
    """One row for each severity, for `dvc plots`: accuracy under each factor, under several at once, and
    on clean images.
    """
    curves = {name: factor.severities for name, factor in metrics.factors.items()}
    curves |= {COMBINED: metrics.combined.severities}
    return pd.DataFrame({"severity": SEVERITIES, "clean": metrics.clean.accuracy, **curves})


def confusion_table(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each clean test image, for `dvc plots`: the actual and the predicted class."""
    names = np.array(evaluation.dataset.classes)
    predicted = names[evaluation.answers]
    return pd.DataFrame({"actual": names[evaluation.split.labels], "predicted": predicted})


def predictions_of(evaluation: Evaluation) -> Predictions:
    """All answers of the model."""
    return Predictions.of(
        evaluation.dataset.classes,
        evaluation.split,
        evaluation.suite,
        evaluation.clean,
        evaluation.varied,
        evaluation.controls,
    )
