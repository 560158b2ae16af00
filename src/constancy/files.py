"""Reading values from files, and writes that are whole or absent: to a temporary sibling first,
then renamed over the target."""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from constancy.errors import UserError


@contextmanager
def replacing(*targets: Path | str) -> Iterator[tuple[Path, ...]]:
    """Give one temporary path beside each target, and put them in place when the block succeeds.

    The block creates a file or a folder at every temporary path. If it raises, the temporary paths
    are removed and the targets stay as they were. Each process has temporary paths of its own,
    `.NAME.PID.new`; what a killed one left there is removed by the next call. Of processes that
    replace the same targets, the last one to finish wins, with all of its outputs.

    A folder cannot be replaced in one step: it is moved aside first, and a process killed between
    the two renames leaves it at `.NAME.old`, from where the next call brings it back.
    """
    paths = [Path(target) for target in targets]
    news = [path.with_name(f".{path.name}.{os.getpid()}.new") for path in paths]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    with _held(paths):
        for path in paths:
            _recover(path)
            _clear_leftovers(path)
    try:
        yield tuple(news)
        for new in news:
            new.lstat()  # an output that was not made must not leave the others half replaced
        with _held(paths):
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


def read_report(path: Path | str) -> Any:
    """The value in a JSON file that a stage wrote. Raises UserError where it is missing or damaged."""
    try:
        return read_json(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `make run` writes it") from None
    except ValueError:  # such as the marks of a merge
        raise UserError(
            f"{path} cannot be read as JSON: remove it, and `make run` writes it again"
        ) from None


def read_yaml(path: Path | str) -> Any:
    """The plain values in a YAML 1.2 file, as DVC reads it: 1e-3 is a number, `off` is a string.

    Raises ValueError, which says in one line why, for a file that is none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    text = Path(path).read_text(encoding="utf-8")
    try:
        return YAML(typ="safe", pure=True).load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (YAMLError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        # Values that are not what their tags say, such as `!!int abc`, come as any of these.
        raise ValueError(" ".join(str(error).split())) from None


@contextmanager
def _held(paths: list[Path]) -> Iterator[None]:
    """Keep other processes from recovering or swapping anything in the folders of these paths."""
    with ExitStack() as stack:
        # All processes take the folders in the same order, so none waits for another for ever.
        for folder in sorted({path.parent.resolve() for path in paths}):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)  # which also lets go of the lock
            with suppress(OSError):  # network file systems may have no such locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _clear_leftovers(path: Path) -> None:
    """Remove temporary paths for `path` that nobody works on any more.

    Also those of calls within the block, which have more dots in front, and a database's journals,
    which have more behind.
    """
    leftover = re.compile(rf"\.+{re.escape(path.name)}\.(\d+)\.new.*")
    for each in list(path.parent.iterdir()):
        if match := leftover.fullmatch(each.name):
            process = int(match[1])
            if process == os.getpid() or not _is_alive(process):
                _remove(each)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _swap(new: Path, path: Path) -> None:
    if path.is_dir():
        if not new.is_dir():
            raise IsADirectoryError(
                errno.EISDIR, "a file must not take a folder's place", str(path)
            )
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
