"""Example images under every factor and severity, with what the model took them for."""

from dataclasses import dataclass

import numpy as np

from constancy.evaluation.evaluate import Evaluation
from constancy.page import thumbnail


@dataclass(frozen=True)
class Cell:
    """One image, as a data URI, and its reading: the position of a class."""

    image: str
    predicted: int
    right: bool


@dataclass(frozen=True)
class Row:
    """One factor: a cell for each severity; direction: which was shown, if there are several."""

    factor: str
    direction: str | None
    cells: list[Cell]


@dataclass(frozen=True)
class Sheet:
    """One base image: its class, the image untouched, and a row for each pixel factor."""

    label: int
    untouched: Cell
    rows: list[Row]


def choose_examples(labels: np.ndarray, count: int) -> list[int]:
    """Positions of `count` images (or all, if there are fewer), spread evenly over the classes.

    Nothing but the order of the images decides within a class: the sheets show what the suite
    looks like, not the model's best or worst.
    """
    # The k-th image of every class, before the (k+1)-th of any.
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[order])
    turn = np.arange(len(labels)) - starts
    by_turn = order[np.argsort(turn, kind="stable")]
    first_round = int((turn == 0).sum())
    if count < first_round:
        chosen = np.linspace(0, first_round - 1, count).round().astype(int)
        return by_turn[chosen].tolist()
    return by_turn[:count].tolist()


def example_sheets(evaluation: Evaluation) -> list[Sheet]:
    """One sheet for each of `evaluation.examples` base images.

    Each sheet shows the next direction of every factor, so that together they show them all.
    """
    labels = evaluation.split.labels[evaluation.base_rows]
    chosen = choose_examples(labels, evaluation.examples)
    return [_sheet(evaluation, position, turn) for turn, position in enumerate(chosen)]


def _sheet(evaluation: Evaluation, position: int, turn: int) -> Sheet:
    """The sheet of the base image at `position` in the suite."""
    row = evaluation.base_rows[position]
    label = int(evaluation.split.labels[row])

    def cell(pixels: np.ndarray, logits: np.ndarray) -> Cell:
        predicted = int(logits.argmax())
        return Cell(thumbnail(pixels), predicted, predicted == label)

    rows = []
    for factor, logits in evaluation.varied.items():
        direction = turn % len(evaluation.suite.directions[factor])
        seen = evaluation.suite.images[factor][:, direction, position]
        cells = [cell(*pair) for pair in zip(seen, logits[:, direction, position], strict=True)]
        rows.append(Row(factor, evaluation.suite.named_direction(factor, direction), cells))
    return Sheet(label, cell(evaluation.split.images[row], evaluation.clean[row]), rows)
