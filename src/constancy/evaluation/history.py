"""The course of a training and its settings, as the train stage recorded them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from constancy.errors import UserError
from constancy.files import read_json

COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_accuracy",
    "validation_factors",
    "validation_combined",
    "validation_score",
    "rate",
)


def load_history(path: Path) -> pd.DataFrame:
    """One row for each epoch, with `COLUMNS`; epochs count from 0.

    Raises UserError for a file that is missing or is no training history.
    """
    try:
        history = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `make run` trains a model") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise UserError(f"{path} cannot be read as CSV: `make run` trains again") from None
    missing = [column for column in COLUMNS if column not in history.columns]
    if missing or history.empty:
        reason = f"has no column '{missing[0]}'" if missing else "holds no epoch"
        raise UserError(f"{path} {reason}: `make run` trains again")
    numbers = history[list(COLUMNS)].apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(numbers.to_numpy()).all():
        raise UserError(f"{path} holds what is no number: `make run` trains again")
    return history


def load_run(path: Path) -> dict[str, Any]:
    """The train stage's run.json: `settings`, by section, of the training, `choices`, what it chose for
    the machine, and more.

    Raises UserError for a file that is missing or does not hold these.
    """
    try:
        run = read_json(path)
        whole = all(
            isinstance(run["settings"][part], dict) for part in ("model", "train", "variation")
        )
        known = whole and isinstance(run["settings"]["seed"], int) and dict(run["choices"])
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `make run` trains a model") from None
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UserError(f"{path} does not describe a training: `make run` trains again")
    return run


def best_epoch(history: pd.DataFrame) -> pd.Series:
    """The row of the epoch whose weights the model has: the first with the best validation score."""
    return history.iloc[int(history["validation_score"].to_numpy().argmax())]
