"""A table that names each image with its label: CSV or Parquet."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from constancy.addresses import without_secrets
from constancy.data.download import local_file
from constancy.data.labels import printable
from constancy.data.layout import SPLIT_FOLDERS
from constancy.data.reading import MAX_FILE_BYTES, read_file
from constancy.data.small_files import Problem, read_all
from constancy.data.sources.source import Source
from constancy.data.table import Sample
from constancy.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd

MAX_MANIFEST_BYTES = 2**30
MAX_ROWS = 5_000_000
"""A Parquet file of some kilobytes can hold more rows than any memory."""

REMOTE = ("http", "https", "s3", "gs")
"""Schemes of URLs that a manifest may name: it may come from anywhere, so it reaches no local file
but those beside it."""

_NEEDED, _OPTIONAL = ("path", "label"), ("group", "split")
_SHOWN = 200  # characters of what a table holds in a message
_ROWS = 1024  # of a Parquet manifest, read at a time
_CHUNK = 256  # rows that are fetched at a time


@contextmanager
def open_manifest(place: str, sha256: str | None) -> Iterator[Source]:
    """A manifest at a path, relative to the project's folder, or at a URL.

    Columns: path, label, and if there are any, group and split. Paths are relative to the manifest
    and as the files are called, with nothing escaped; or URLs, as they are. Raises UserError, with the row at fault, for a table that cannot be used as one.
    """
    with local_file(place, sha256) as file:
        rows = read_manifest(file, without_secrets(place))
        base = _folder_of(place) if "://" in place else file.parent
        skipped: Counter[str] = Counter()
        once = list(dict.fromkeys(rows))
        if len(once) < len(rows):
            skipped["row given before"] = len(rows) - len(once)
        yield Source(len(once), _samples(once, base), skipped)


Row = tuple[str, str, str | None, str | None]
"""path (with forward slashes, or a URL), label, group, split."""


def read_manifest(file: Path, name: str) -> list[Row]:
    """The rows of a manifest, checked. name: what messages call it. Raises UserError."""
    table = _read_table(file, name, _NEEDED)
    columns = [
        table[column].tolist() if column in table.columns else [None] * len(table)
        for column in (*_NEEDED, *_OPTIONAL)
    ]
    rows = zip(*columns, strict=True)
    return [_check(row, f"{name}, row {number}") for number, row in enumerate(rows, 1)]


def read_paths(file: Path, name: str) -> list[str]:
    """The paths of a manifest that needs no labels, as they stand there: see `check_path`.

    name: what messages call it. Raises UserError for a table that cannot be used as one.
    """
    paths = _read_table(file, name, ("path",))["path"]
    return ["" if _empty(path) else str(path).strip() for path in paths]


def _read_table(file: Path, name: str, needed: Sequence[str]) -> "pd.DataFrame":
    """The columns that are needed, and others of ours; at least one row. Raises UserError."""
    import pandas as pd
    import pyarrow as pa

    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise UserError(f"data.source: {name} is larger than {MAX_MANIFEST_BYTES // 2**20} MiB")
    try:
        with file.open("rb") as opened:
            parquet = opened.read(4) == b"PAR1"
        table = (_read_parquet if parquet else _read_csv)(file, name, needed)
    except UnicodeDecodeError:
        raise UserError(
            f"data.source: {name} is neither Parquet nor text in UTF-8: save it as CSV, "
            "uncompressed, in UTF-8"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"data.source: {name} cannot be read as a manifest: {reason}") from None
    if not len(table):
        raise UserError(f"data.source: {name} lists no images")
    return table


def _read_csv(file: Path, name: str, needed: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    table = pd.read_csv(
        file,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        skipinitialspace=True,
        compression=None,  # pandas would unpack without limit what is named .gz
    ).rename(columns=str.strip)
    _check_columns([str(column) for column in table.columns], name, needed)
    # If all rows have a field more than the header, pandas takes the first for their names.
    if not isinstance(table.index, pd.RangeIndex):
        raise UserError(
            f"data.source: {name} has rows with more fields than its header: name all columns, "
            "and put what holds a comma in quotes"
        )
    return table


def _read_parquet(file: Path, name: str, needed: Sequence[str]) -> "pd.DataFrame":
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pq.read_schema(file).names
    _check_columns(columns, name, needed)
    if (rows := pq.read_metadata(file).num_rows) > MAX_ROWS:
        raise UserError(f"data.source: {name} has {rows:,} rows, more than {MAX_ROWS:,}")
    wanted = [each for each in columns if each in (*_NEEDED, *_OPTIONAL)]
    # As text by Arrow: pandas would make 7 into 7.0 where a number is missing.
    texts = pa.schema([(each, pa.string()) for each in wanted])
    parts, size = [texts.empty_table()], 0
    # A few rows at a time: a column that repeats one long text takes next to nothing on the disk.
    for batch in pq.ParquetFile(file).iter_batches(_ROWS, columns=wanted):
        parts.append(pa.table(batch).select(wanted).cast(texts))
        parts[-1].validate(full=True)  # whether all of it is text indeed
        size += parts[-1].nbytes
        if size > MAX_MANIFEST_BYTES:
            raise UserError(
                f"data.source: {name} unfolds to more than {MAX_MANIFEST_BYTES // 2**20} MiB"
            )
    return pa.concat_tables(parts).to_pandas()


def _check_columns(columns: list[str], name: str, needed: Sequence[str]) -> None:
    for column in needed:
        if column not in columns:
            hint = nearest(column, columns)
            if len(columns) == 1 and (mark := next(filter(columns[0].count, ";\t|"), None)):
                hint = f"its columns are separated by {mark!r}: separate them by commas"
            raise UserError(
                f"data.source: {name} has no column '{column}' ({_short(hint)}): it needs "
                f"{' and '.join(needed)}, and may have group and split"
            )
    for column in (*_NEEDED, *_OPTIONAL):
        if columns.count(column) > 1 or f"{column}.1" in columns:  # as pandas calls the second
            raise UserError(f"data.source: {name} has two columns '{column}': remove one of them")


def _short(text: str) -> str:
    """Printable, and no longer than a line or two."""
    text = printable(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _check(row: tuple[Any, ...], where: str) -> Row:
    path, label, group, split = ("" if _empty(value) else str(value).strip() for value in row)
    if not path or not label:
        missing = "label" if path else "path"
        raise UserError(f"data.source: {where} has no {missing}: add it, or remove the row")
    if split and split.lower() not in SPLIT_FOLDERS:
        raise UserError(
            f"data.source: {where} has the split '{_short(split)}': use train, validation or test"
        )
    return check_path(path, where), label, group or None, SPLIT_FOLDERS.get(split.lower())


def _empty(value: Any) -> bool:
    return value is None or value != value  # the latter: NaN


def check_path(path: str, where: str) -> str:
    """A URL, or with forward slashes the path of a file below the manifest's folder.

    where: the row, for the message. Raises UserError for what leads elsewhere.
    """
    scheme, colon, _ = path.partition("://")
    if colon:
        if scheme.lower() not in REMOTE:
            raise UserError(
                f"data.source: {where} names an address of the kind '{_short(scheme)}': "
                f"use {', '.join(REMOTE)}, or a path relative to the manifest"
            )
        return path
    clean = posixpath.normpath(path.replace("\\", "/"))
    if clean.startswith(("/", "../")) or clean == ".." or clean[1:2] == ":":
        raise UserError(
            f"data.source: {where} names '{_short(path)}', which lies outside the manifest's "
            "folder: put the manifest beside or above its images, and name them from there"
        )
    return clean


def _samples(rows: list[Row], base: str | Path) -> Iterator[Sample]:
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        places = [_place(row[0], base) for row in some]
        urls = [place for place in places if isinstance(place, str)]
        remote = read_all(urls, limit=MAX_FILE_BYTES)
        for (path, label, group, split), place in zip(some, places, strict=True):
            if isinstance(place, Path):
                data, problem = read_file(place)
            else:
                data, problem = _told(next(remote))
            yield Sample(without_secrets(path), label, data, split, group, problem)


def _told(answer: bytes | Problem) -> tuple[bytes, str | None]:
    return (b"", answer.reason) if isinstance(answer, Problem) else (answer, None)


def _place(path: str, base: str | Path) -> str | Path:
    if "://" in path:
        return path
    if isinstance(base, Path):
        return base / path
    return f"{base}/{quote(path) if _is_http(base) else path}"


def _folder_of(url: str) -> str:
    # A key of S3 may have these marks in it.
    return (re.split("[?#]", url)[0] if _is_http(url) else url).rpartition("/")[0]


def _is_http(url: str) -> bool:
    return url.startswith(("http://", "https://"))
