"""Reading one file of a source, whatever may be wrong with it."""

import stat
from pathlib import Path

MAX_FILE_BYTES = 256 * 2**20
"""A larger file is no image that Constancy would read."""

TOO_LARGE = f"larger than {MAX_FILE_BYTES // 2**20} MiB"

NO_FILE = "no regular file"


def read_file(path: Path) -> tuple[bytes, str | None]:
    """The bytes of a file of the source, or none and in one phrase why."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # to open a pipe would wait for ever
            return b"", NO_FILE
        if facts.st_size > MAX_FILE_BYTES:
            return b"", TOO_LARGE
        return path.read_bytes(), None
    except (OSError, ValueError) as error:  # the latter: no name that any file can have
        return b"", (getattr(error, "strerror", None) or str(error)).lower()
