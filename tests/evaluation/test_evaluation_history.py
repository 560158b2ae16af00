from pathlib import Path

import pandas as pd
import pytest

from constancy.errors import UserError
from constancy.evaluation.history import COLUMNS, best_epoch, load_history, load_run


def test_the_first_of_the_best_epochs_is_the_best() -> None:
    history = pd.DataFrame({column: [0.1, 0.5, 0.5, 0.2] for column in COLUMNS})
    history["epoch"] = range(4)
    assert best_epoch(history)["epoch"] == 1


def test_a_missing_history_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing: `make run`"):
        load_history(tmp_path / "history.csv")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "epoch,rate\n0,1\n",
        ",".join(COLUMNS) + "\n",
        "a\n1,2\n1,2,3\n",
        ",".join(COLUMNS) + "\n0,1,1,1,1,1,,1\n",
        ",".join(COLUMNS) + "\n0,1,1,1,1,1,high,1\n",
    ],
    ids=["empty file", "columns missing", "no epoch", "not a table", "a gap", "a word"],
)
def test_a_file_that_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"history\.csv .*: `make run` trains again"):
        load_history(path)


def test_missing_settings_are_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing: `make run`"):
        load_run(tmp_path / "run.json")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "\xff", '{"settings": {"seed": 0}}', '{"settings": {}, "choices": {}}']
)
def test_a_file_that_describes_no_training_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"run\.json does not describe a training"):
        load_run(path)
