"""Images that somebody brings: uploaded or drawn. They are read as if they were hostile."""

import base64
from pathlib import Path

from constancy.data.images import UnreadableImageError
from constancy.data.labels import printable
from constancy.data.reading import read_file
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import Subject

MAX_UPLOAD = 64_000_000
"""Bytes of a file."""

_DRAWN = "data:image/png;base64,"


class NotBroughtError(Exception):
    """There is no image in what was brought; the message is a sentence that says why."""


def read_upload(playground: Playground, file: Path) -> Subject:
    """The image in an uploaded file, which is gone then. Raises NotBroughtError."""
    data, problem = read_file(file)
    file.unlink(missing_ok=True)
    name = printable(file.name)
    if problem is not None:
        raise NotBroughtError(f"{name} cannot be read: {problem}. The former picture stays.")
    return _subject(playground, data, name)


def decode_drawing(playground: Playground, address: str) -> Subject:
    """The picture that a canvas gave as a data URI. Raises NotBroughtError."""
    try:
        data = base64.b64decode(address.removeprefix(_DRAWN), validate=True)
    except ValueError:
        raise NotBroughtError("The drawing did not arrive whole: draw once more.") from None
    return _subject(playground, data, "drawing")


def _subject(playground: Playground, data: bytes, name: str) -> Subject:
    try:
        return playground.brought(data, name)
    except UnreadableImageError as error:
        raise NotBroughtError(
            f"{name} cannot be read as an image: {error}. The former picture stays."
        ) from None
