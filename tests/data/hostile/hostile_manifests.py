"""Manifests that are no tables, say what cannot be, or name what must not be read."""

import gzip
import io
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hostile_case import (
    Case,
    Outcome,
    csv_bytes,
    flagged,
    good,
    healthy,
    kept,
    manifest_case,
    quarantined,
    refused,
    skipped,
    zip_bytes,
)

ODD = ("cat/odd.png", "cat")
NO_TEXT = "is neither Parquet nor text in UTF-8: save it as CSV, uncompressed, in UTF-8"
UNREADABLE = "cannot be read as a manifest: "
OUTSIDE = "lies outside the manifest's folder: put the manifest beside or above its images"
LAST = len(healthy()) + 1  # the odd row's number


def rows(
    name: str, outcome: Outcome, *odd: tuple[str, ...], header: tuple[str, ...] = ("path", "label")
) -> Case:
    """The healthy rows and these."""
    return manifest_case(name, lambda: csv_bytes(*odd, header=header), outcome)


def text(
    name: str, change: Callable[[bytes], bytes], outcome: Outcome, file: str = "pets.csv"
) -> Case:
    """A table of the healthy rows and a good one, with its bytes changed."""
    return manifest_case(name, lambda: change(csv_bytes(ODD)), outcome, file)


def with_file(
    name: str, row: tuple[str, ...], outcome: Outcome, more: Callable[[Path], object]
) -> Case:
    return manifest_case(name, lambda: csv_bytes(row), outcome, more=more)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


WRITTEN = [
    text("as it should be", lambda data: data, kept()),
    text("a byte-order mark", lambda data: b"\xef\xbb\xbf" + data, kept()),
    text("lines that end as on Windows", lambda data: data.replace(b"\n", b"\r\n"), kept()),
    text("lines that end as on an old Macintosh", lambda data: data.replace(b"\n", b"\r"), kept()),
    text("empty lines", lambda data: data.replace(b"\n", b"\n\n"), kept()),
    text("spaces after commas", lambda data: data.replace(b",", b" ,  "), kept()),
    text("no newline at its end", lambda data: data.rstrip(), kept()),
    text("named .txt", lambda data: data, kept(), "pets.txt"),
    text("named .gz, and plain", lambda data: data, kept(), "pets.csv.gz"),
    text("semicolons", lambda data: data.replace(b",", b";"), refused("has no column 'path' .its columns are separated by ';': separate them by commas")),
    text("tabs", lambda data: data.replace(b",", b"\t"), refused(r"its columns are separated by '\\t': separate them by commas")),
    text("empty", lambda _: b"", refused(UNREADABLE + "No columns")),
    text("a byte-order mark alone", lambda _: b"\xef\xbb\xbf", refused(UNREADABLE)),
    text("only a header", lambda _: b"path,label\n", refused("lists no images")),
    text("no header", lambda data: data.partition(b"\n")[2], refused("has no column 'path'")),
    text("a header in capitals", lambda data: data.replace(b"path,label", b"Path,Label"), refused("has no column 'path' .did you mean 'Path'")),
    text("a column misspelt", lambda data: data.replace(b"path,label", b"path,lable"), refused("has no column 'label' .did you mean 'lable'")),
    text("other columns", lambda data: data.replace(b"path,label", b"file,class"), refused("has no column 'path' .known: class, file.: it needs path and label")),
    text("a column twice", lambda data: data.replace(b"path,label", b"path,label,label").replace(b"cat\n", b"cat,x\n"), refused("has two columns 'label': remove one of them")),
    text("a column twice, once with a space", lambda data: b"path,label ,label\n" + b"cat/0.png,a,b\n", refused("has two columns 'label'")),
    text("all rows longer than the header", lambda data: data.replace(b".png,", b".png,x,"), refused("has rows with more fields than its header")),
    text("one row longer than the header", lambda data: data + b"cat/2.png,cat,x\n", refused(UNREADABLE + ".*Expected 2 fields in line 27, saw 3")),
    text("a quotation mark that never ends", lambda data: data + b'"cat/2.png,cat\n', refused(UNREADABLE)),
    text("a remark before its header", lambda data: b"# by hand\n" + data, refused("has no column 'path'|cannot be read as a manifest")),
    text("Latin-1", lambda data: data + "cat/2.png,caf\xe9\n".encode("latin-1"), refused(NO_TEXT)),
    text("UTF-16", lambda data: data.decode().encode("utf-16"), refused(NO_TEXT)),
    text("nothing but NUL bytes", lambda _: bytes(1000), refused("has no column 'path'")),
    text("random bytes", lambda _: bytes(range(256)) * 9, refused(NO_TEXT)),
    text("JSON", lambda _: b'[{"path": "cat/0.png", "label": "cat"}]', refused("has no column 'path'")),
    text("compressed", gzip.compress, refused(NO_TEXT), "pets.csv.gz"),
    text("a bomb", lambda data: gzip.compress(data * 10_000), refused(NO_TEXT), "pets.csv.gz"),
    text("a workbook", lambda _: zip_bytes(), refused(NO_TEXT), "pets.xlsx"),
    manifest_case("larger than any", lambda: csv_bytes(ODD), refused("is larger than 0 MiB"), MAX_MANIFEST_BYTES=100),
    Case("manifest: a folder", "manifest", lambda place: made(place / "pets.csv"), refused("there is no file at")),
    Case("manifest: missing", "manifest", lambda place: place / "pets.csv", refused("there is no file at")),
]  # fmt: skip


def remote(name: str, outcome: Outcome, row: tuple[str, ...]) -> Case:
    """As `rows`, but tried once only."""
    return replace(rows(name, outcome, row), limits={"failures.TRIES": 1})


PATHS = [
    rows("a path of Windows", kept(), ("cat\\odd.png", "cat")),
    rows("a path with needless parts", kept(), ("./dog/../cat//odd.png", "cat")),
    rows("an absolute path", refused(f"row {LAST} names '/etc/passwd', which {OUTSIDE}"), ("/etc/passwd", "cat")),
    rows("a path out of its folder", refused(f"names '../decoy.png', which {OUTSIDE}"), ("../decoy.png", "cat")),
    rows("a path out of its folder, nested", refused(OUTSIDE), ("cat/../../decoy.png", "cat")),
    rows("a path out of its folder, as of Windows", refused(OUTSIDE), ("cat\\..\\..\\decoy.png", "cat")),
    rows("a drive", refused(OUTSIDE), ("C:\\pets\\odd.png", "cat")),
    rows("a drive without a slash", refused(OUTSIDE), ("C:odd.png", "cat")),
    rows("another computer", refused(OUTSIDE), ("\\\\server\\share\\odd.png", "cat")),
    rows("somebody's home", quarantined("no such file", "~/odd.png"), ("~/odd.png", "cat")),
    rows("a variable", quarantined("no such file", "$HOME/odd.png"), ("$HOME/odd.png", "cat")),
    rows("file://", refused("names an address of the kind 'file': use http, https, s3, gs"), ("file:///etc/passwd", "cat")),
    rows("FILE://", refused("names an address of the kind 'FILE'"), ("FILE:///etc/passwd", "cat")),
    rows("ftp://", refused("names an address of the kind 'ftp'"), ("ftp://example.org/odd.png", "cat")),
    rows("data:", quarantined("no such file|too long", "data:image/png;base64,AA=="), ("data:image/png;base64,AA==", "cat")),
    rows("a chain to a local file", refused("names an address of the kind 'simplecache::file'"), ("simplecache::file:///etc/passwd", "cat")),
    remote("a chain behind http", quarantined(".", "http://127.0.0.1:9/x::file:///etc/passwd"), ("http://127.0.0.1:9/x::file:///etc/passwd", "cat")),
    remote("an address where nobody listens", refused("could not be fetched: connection refused; try again later"), ("http://127.0.0.1:9/odd.png", "cat")),
    rows("an address that is none", quarantined(".", "http://[::1"), ("http://[::1", "cat")),
    rows("a missing file", quarantined("^no such file or directory$", "cat/none.png"), ("cat/none.png", "cat")),
    rows("the path of a folder", quarantined("^no regular file$", "cat"), ("cat", "cat")),
    rows("its own folder", quarantined("^no regular file$", "."), (".", "cat")),
    rows("itself", quarantined("^not an image of a known format$", "pets.csv"), ("pets.csv", "cat")),
    rows("a file below a file", quarantined("^not a directory$", "cat/odd.png/x.png"), ("cat/odd.png/x.png", "cat")),
    rows("a path of 5,000 characters", quarantined("^file name too long$", "n" * 5000), ("n" * 5000, "cat")),
    rows("a NUL byte in a path", quarantined("^embedded null byte$", "cat/o\\x00d.png"), ("cat/o\0d.png", "cat")),
    rows("an empty path", refused(f"row {LAST} has no path: add it, or remove the row"), ("", "cat")),
    with_file("a pipe", ("cat/pipe.png", "cat"), quarantined("^no regular file$", "cat/pipe.png"), lambda place: os.mkfifo(place / "cat/pipe.png")),
    with_file("a link to a device", ("cat/zero.png", "cat"), quarantined("^no regular file$", "cat/zero.png"), lambda place: (place / "cat/zero.png").symlink_to("/dev/zero")),
    with_file("a link to a file outside", ("cat/link.png", "cat"), kept("cat/link.png"), lambda place: (place / "cat/link.png").symlink_to("../../decoy.png")),
    with_file("a name with a comma and a newline", ("cat/a,\nb.png", "cat"), kept("cat/a,\\nb.png"), lambda place: (place / "cat/a,\nb.png").write_bytes(good())),
    with_file("a file without an image's ending", ("cat/odd", "cat"), kept("cat/odd"), lambda place: (place / "cat/odd").write_bytes(good())),
    with_file("a hidden file", ("cat/.odd.png", "cat"), kept("cat/.odd.png"), lambda place: (place / "cat/.odd.png").write_bytes(good())),
]  # fmt: skip


def turned(data: bytes) -> bytes:
    """The second column first."""
    lines = [line.split(b",") for line in data.splitlines()]
    return b"\n".join(b",".join(reversed(line)) for line in lines)


GROUP, SPLIT = ("path", "label", "group"), ("path", "label", "split")
TWICE = flagged("conflicting_labels", "the same image under the labels cat, dog")

CELLS = [
    rows("a row twice", kept() | skipped("row given before"), ODD, ODD),
    rows("a row twice, written in two ways", kept() | skipped("row given before"), ODD, (".\\cat\\odd.png", " cat ")),
    rows("one path under two labels", TWICE | TWICE, ODD, ("cat/odd.png", "dog")),
    rows("one path in two splits", kept() | flagged("leakage", "also in the test split"), (*ODD, "train"), (*ODD, "test"), header=SPLIT),
    rows("a label with spaces around it", kept(), ("cat/odd.png", "  cat ")),
    rows("a label with a space inside", kept(label="big cat"), ("cat/odd.png", "big cat")),
    rows("a label with a comma", kept(label="cat, big"), ("cat/odd.png", "cat, big")),
    rows("a label with a slash", kept(label="animal/../cat"), ("cat/odd.png", "animal/../cat")),
    rows("a label with a newline", refused(r"the label 'c\\nat' of cat/odd.png holds characters that cannot be printed"), ("cat/odd.png", "c\nat")),
    rows("a label with a NUL byte", refused(r"the label 'c\\x00at'"), ("cat/odd.png", "c\0at")),
    rows("an empty label", refused(f"row {LAST} has no label: add it, or remove the row"), ("cat/odd.png", "")),
    rows("a label of spaces", refused(f"row {LAST} has no label"), ("cat/odd.png", "   ")),
    rows("a label of 200 characters", refused("has 200 characters: shorten it to 120"), ("cat/odd.png", "n" * 200)),
    rows("labels in other case", refused("'CAT' and 'cat' differ in upper and lower case alone"), ("cat/odd.png", "CAT")),
    *(rows(f"the label {label}", kept(label=label), ("cat/odd.png", label)) for label in ("NA", "nan", "null", "None", "007", "1.0", "True", "=1+1")),
    rows("a label missing at a row's end", refused(f"row {LAST} has no label"), ("cat/odd.png",)),
    *(rows(f"the split {split}", kept(), (*ODD, split), header=SPLIT) for split in ("train", "val", "Validation", " test ", "")),
    rows("a split that nobody knows", refused(f"row {LAST} has the split 'dev': use train, validation or test"), (*ODD, "dev"), header=SPLIT),
    rows("a split of 5,000 characters", refused(r"has the split 'x{200}\.\.\.'"), (*ODD, "x" * 5000), header=SPLIT),
    rows("a group", kept(), (*ODD, "litter 1"), header=GROUP),
    rows("columns that nobody asked for", kept(), (*ODD, "5", "x"), header=("path", "label", "age", "remark")),
    text("columns in another order", turned, kept()),
]  # fmt: skip


def parquet(columns: dict[str, Iterable[object]]) -> bytes:
    """The healthy rows and these, where a column is given for them."""
    base = {"path": list(healthy()), "label": [path.split("/")[0] for path in healthy()]}
    values = {name: [*base.get(name, [None] * 24), *odd] for name, odd in columns.items()}
    return written(pa.table(values))


def written(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def table_case(name: str, data: Callable[[], bytes], outcome: Outcome, **limits: int) -> Case:
    return manifest_case(f"Parquet, {name}", data, outcome, "pets.parquet", **limits)


def numbered() -> bytes:
    """Labels that are numbers, one of which is missing."""
    paths = list(healthy())
    return written(
        pa.table({"path": paths, "label": [number % 2 for number in range(23)] + [None]})
    )


def typed(label: object) -> bytes:
    return written(pa.table({"path": ["cat/0.png"], "label": [label]}))


def indexed() -> bytes:
    """As pandas writes a table whose paths name its rows."""
    import pandas as pd

    table = pd.DataFrame({"path": [*healthy(), "cat/odd.png"]})
    table["label"] = table["path"].str.partition("/")[0]
    buffer = io.BytesIO()
    table.set_index("path").to_parquet(buffer)
    return buffer.getvalue()


def whole() -> bytes:
    return parquet({"path": ["cat/odd.png"], "label": ["cat"]})


def parquet_of_bytes() -> bytes:
    paths = [*healthy(), "cat/odd.png"]
    labels = [path.split("/")[0].encode() for path in paths]
    return written(pa.table({"path": [path.encode() for path in paths], "label": labels}))


def categories() -> bytes:
    paths = [*healthy(), "cat/odd.png"]
    labels = pa.array([path.split("/")[0] for path in paths]).dictionary_encode()
    return written(pa.table({"path": paths, "label": labels}))


def parquet_of_numbers() -> bytes:
    return written(pa.table({"path": [1, 2], "label": ["cat", "dog"]}))


TABLES = [
    table_case("as it should be", whole, kept()),
    table_case("paths that name its rows", indexed, kept()),
    table_case("text as bytes", parquet_of_bytes, kept()),
    table_case("a label as a category", categories, kept()),
    table_case("bytes that are no text", lambda: typed(b"\xff"), refused(UNREADABLE + ".*UTF8")),
    table_case("text that is none", lambda: whole().replace(b"odd.png", b"od\xff.png"), refused(UNREADABLE + ".*UTF8")),
    table_case("labels that are numbers", numbered, refused("row 24 has no label")),
    table_case("labels that are lists", lambda: typed(["cat"]), refused(UNREADABLE + "Unsupported cast from list")),
    table_case("labels that are structures", lambda: typed({"name": "cat"}), refused(UNREADABLE + "Unsupported cast from struct")),
    table_case("a missing path", lambda: parquet({"path": [None], "label": ["cat"]}), refused("row 25 has no path")),
    table_case("a group and a split missing", lambda: parquet({"path": ["cat/odd.png"], "label": ["cat"], "group": [3], "split": ["test"]}), kept()),
    table_case("paths that are numbers", parquet_of_numbers, quarantined("^no such file or directory$", "1") | quarantined("^no such file or directory$", "2") | Outcome(without=tuple(healthy()))),
    table_case("a column misspelt", lambda: parquet({"path": ["cat/odd.png"], "lable": ["cat"]}), refused("has no column 'label' .did you mean 'lable'")),
    table_case("a column twice", lambda: written(pa.Table.from_arrays([pa.array(["x"])] * 3, names=["path", "label", "label"])), refused("has two columns 'label'")),
    table_case("no rows", lambda: written(pa.table({"path": pa.array([], pa.string()), "label": pa.array([], pa.string())})), refused("lists no images")),
    table_case("cut", lambda: whole()[:-20], refused(UNREADABLE + "Parquet magic bytes not found")),
    table_case("its first bytes alone", lambda: b"PAR1", refused(UNREADABLE)),
    table_case("garbage inside", lambda: b"PAR1" + bytes(range(200)) + b"PAR1", refused(UNREADABLE)),
    table_case("too many rows", whole, refused("has 25 rows, more than 10"), MAX_ROWS=10),
    table_case("a path out of its folder", lambda: parquet({"path": ["../decoy.png"], "label": ["cat"]}), refused(OUTSIDE)),
]  # fmt: skip


MANIFESTS = [*WRITTEN, *PATHS, *CELLS, *TABLES]
