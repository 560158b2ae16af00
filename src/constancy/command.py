"""What all commands share."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def clear(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end in one sentence and exit code 2 on a user's mistake."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from constancy.stage import with_clear_ends

        with_clear_ends(lambda: command(*args, **kwargs))

    return run
