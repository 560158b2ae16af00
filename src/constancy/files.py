"""Writes that are whole or absent: to a temporary sibling first, then renamed over the target."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(*targets: Path | str) -> Iterator[tuple[Path, ...]]:
    """Give one temporary path beside each target, and put them in place when the block succeeds.

    The block creates a file or a folder at every temporary path. If it raises, the temporary paths
    are removed and the targets stay as they were. A folder cannot be replaced in one step: it is
    moved aside first, and a process killed between the two renames leaves it at `.NAME.old`, from
    where the next call brings it back.
    """
    paths = [Path(target) for target in targets]
    news = [path.with_name(f".{path.name}.new") for path in paths]
    for path, new in zip(paths, news, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _recover(path)
        _remove(new)
    try:
        yield tuple(news)
        for new in news:
            new.lstat()  # an output that was not made must not leave the others half replaced
        for path, new in zip(paths, news, strict=True):
            _swap(new, path)
    finally:
        for new in news:
            _remove(new)


def write_text(path: Path | str, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as (new,):
        new.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write a JSON file whole or not at all; NaN and infinity, which JSON has not, are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """The value in a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _swap(new: Path, path: Path) -> None:
    if path.is_dir():
        path.rename(_old(path))
        new.rename(path)
        _remove(_old(path))
    else:
        new.replace(path)


def _recover(path: Path) -> None:
    if not path.exists() and _old(path).exists():
        _old(path).rename(path)
    _remove(_old(path))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
