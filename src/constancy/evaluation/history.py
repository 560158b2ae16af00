"""The course of a training, as the train stage recorded it."""

from pathlib import Path

import pandas as pd

from constancy.errors import UserError

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
    return history


def best_epoch(history: pd.DataFrame) -> pd.Series:
    """The row of the epoch whose weights the model has: the first with the best validation score."""
    return history.iloc[int(history["validation_score"].to_numpy().argmax())]
