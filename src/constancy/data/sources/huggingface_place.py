"""Where a data set in Hugging Face's layout lies, and its files, none of which lead out of it."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from constancy.data.reading import MAX_FILE_BYTES, NO_FILE, TOO_LARGE, read_file
from constancy.errors import UserError
from constancy.paths import in_project

_IN_ZIP = re.compile(r"(?:zip://([^:]*)::)?(.*)", re.DOTALL)
"""How `datasets` writes the path of a file, and of a file in an archive."""

_HUB_NAME = re.compile(r"([\w-][\w.-]*/[\w-][\w.-]*)(?::([\w.-]+))?")


@dataclass(frozen=True)
class Place:
    """Where a data set is.

    name: as the user wrote it; folder: None for the Hub; title: what `datasets` calls it.
    """

    name: str
    folder: Path | None
    title: str
    config: str | None

    @classmethod
    def named(cls, name: str) -> "Place":
        folder = in_project(name)
        if folder.is_dir():
            return cls(name, folder, str(folder), None)
        hub = _HUB_NAME.fullmatch(name)
        if not hub:
            raise UserError(
                f"data.source: there is no folder at {name}, and a data set of the Hub is called "
                "owner/name or owner/name:config"
            )
        return cls(name, None, hub[1], hub[2])

    def cannot_be_read(self, error: Exception) -> UserError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return UserError(f"data.source: {self.name} cannot be read: {reason}")

    def shown(self, path: str) -> str:
        """A file's path within the data set, wherever that lies."""
        packed, file = _IN_ZIP.fullmatch(path).groups()  # type: ignore[union-attr]  # fits any text
        if self.folder and Path(file).is_absolute():
            file = os.path.relpath(file, self.folder)
        file = re.sub(r"^hf://datasets/[^/]+/[^/]+/", "", file)  # owner/name@revision
        return f"{file}/{packed}" if packed else file

    def read(self, path: str) -> tuple[bytes, str | None]:
        """The bytes of a file of the data set, or none and in one phrase why.

        Raises UserError for a path that leads out of it, and whatever `datasets` raises.
        """
        packed, file = _IN_ZIP.fullmatch(path).groups()  # type: ignore[union-attr]  # fits any text
        if self.folder:
            there = (self.folder / file).resolve()
            inside = "://" not in file and there.is_relative_to(self.folder.resolve())
        else:
            inside = re.match(f"hf://datasets/{re.escape(self.title)}[@/]", file) is not None
        if inside and self.folder and not packed:
            return read_file(self.folder / file)
        if inside:
            if self.folder and not stat.S_ISREG((self.folder / file).stat().st_mode):
                return b"", NO_FILE
            from datasets.utils.file_utils import xopen  # type: ignore[import-untyped]

            whole = str(self.folder / file) if self.folder else file
            with xopen(f"zip://{packed}::{whole}" if packed else whole, "rb") as stream:
                content: bytes = stream.read(MAX_FILE_BYTES + 1)
            return (b"", TOO_LARGE) if len(content) > MAX_FILE_BYTES else (content, None)
        raise UserError(
            f"data.source: {self.name} names an image that does not lie in it, {path}: only images "
            "in the data set itself are read"
        )
