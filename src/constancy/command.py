"""What all commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

model_option = click.option(
    "--model",
    default="champion",
    show_default=True,
    help="An alias or version in the registry, or a folder with a model.",
)


def file_option(*names: str, text: str) -> Callable[[Any], Any]:
    """An option that takes a file to write. names: of the option, as click takes them; text: its help."""
    return click.option(*names, type=click.Path(path_type=Path, dir_okay=False), help=text)


def clear(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end in one sentence and exit code 2 on a user's mistake."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from constancy.stage import with_clear_ends

        with_clear_ends(lambda: command(*args, **kwargs))

    return run
