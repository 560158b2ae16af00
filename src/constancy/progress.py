"""Progress of work longer than two seconds: a bar in a terminal, else one line every ten seconds."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

_DELAY = 2.0  # seconds before anything is shown
_LINE_EVERY = 10.0  # seconds between lines where the output is not a terminal


class _Lines(tqdm):
    """A tqdm bar that prints plain lines, for logs and CI."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:  # noqa: ARG002
        self.fp.write(f"{msg or self}\n")
        self.fp.flush()

    def close(self) -> None:
        self.disable = True  # no closing line: the caller reports the outcome


def progress(
    label: str, *, total: int | None, unit: str = "image", initial: int = 0
) -> "tqdm[Any]":
    """A progress display to `update(n)` and `close()`, or to use as a context manager.

    initial: how many of the total were done before.
    """
    bar = tqdm if sys.stderr.isatty() else _Lines
    interval = 0.2 if sys.stderr.isatty() else _LINE_EVERY
    return bar(
        desc=label,
        total=total,
        initial=initial,
        unit=f" {unit}s",
        delay=_DELAY,
        mininterval=interval,
        maxinterval=interval,
        leave=False,
        file=sys.stderr,
        dynamic_ncols=True,
    )


def counted(items: Iterable[Item], bar: "tqdm[Any]") -> Iterator[Item]:
    """The items as they come, each counted on the bar as it passes."""
    for item in items:
        yield item
        bar.update()
