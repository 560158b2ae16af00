"""Answers as tables: a row for each image, in a file of the kind that its name ends in."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from constancy.data.labels import printable
from constancy.errors import UserError
from constancy.files import replacing
from constancy.serving.files import Answer

Row = list[Any]
Write = Callable[[list[Row]], None]


def columns(top: int) -> list[str]:
    """path, label, probability, label_2, probability_2 and so on to `top`, error."""
    ranks = ["", *(f"_{rank}" for rank in range(2, top + 1))]
    return [
        "path",
        *(f"{name}{rank}" for rank in ranks for name in ("label", "probability")),
        "error",
    ]


def as_row(answer: Answer, top: int) -> Row:
    """The values of `columns`: text, but for probabilities, 0..1; None where there is nothing."""
    if answer.prediction is None:
        return [answer.path, *[None] * (2 * top), answer.error]
    likely = answer.prediction.most_likely(top)
    return [answer.path, *(each for pair in likely for each in pair), None]


def as_line(answer: Answer, top: int) -> str:
    """The values of a row without an error as text, separated by tabs; probabilities to four places."""
    values = as_row(answer, top)[:-1]
    return "\t".join(
        f"{value:.4f}" if isinstance(value, float) else printable(value) for value in values
    )


def check_ending(file: Path) -> None:
    """Raises UserError for a name that ends in none of FORMATS."""
    if file.suffix.lower() not in FORMATS:
        raise UserError(f"{file}: a table must end in {', '.join(FORMATS)}")


@contextmanager
def table_of(file: Path, top: int) -> Iterator[Callable[[Sequence[Answer]], None]]:
    """Within the block, a function that adds answers to a table, which is written whole or not at all.

    file: of an ending of FORMATS.
    """
    with replacing(file) as (new,), FORMATS[file.suffix.lower()](new, columns(top)) as write:
        yield lambda answers: write([as_row(answer, top) for answer in answers])


@contextmanager
def _csv(file: Path, names: list[str]) -> Iterator[Write]:
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(names)
        yield table.writerows


@contextmanager
def _json_lines(file: Path, names: list[str]) -> Iterator[Write]:
    with file.open("w", encoding="utf-8") as opened:

        def write(rows: list[Row]) -> None:
            for row in rows:
                values = dict(zip(names, row, strict=True))
                opened.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")

        yield write


@contextmanager
def _parquet(file: Path, names: list[str]) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {True: pa.float64(), False: pa.string()}
    schema = pa.schema([(name, kinds[name.startswith("probability")]) for name in names])
    waiting: list[Row] = []

    def group() -> pa.Table:
        values = zip(*waiting, strict=True) if waiting else [[]] * len(names)
        arrays = [pa.array(each, field.type) for each, field in zip(values, schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)

    with pq.ParquetWriter(file, schema) as table:

        def write(rows: list[Row]) -> None:
            waiting.extend(rows)
            if len(waiting) >= _GROUP:
                table.write_table(group())
                waiting.clear()

        yield write
        table.write_table(group())


_GROUP = 16_384  # rows of a Parquet file that are written at a time

FORMATS = {".csv": _csv, ".parquet": _parquet, ".jsonl": _json_lines}
