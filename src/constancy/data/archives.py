"""Archives: nothing in them is ever written to the disk under a name of theirs."""

import bz2
import errno
import gzip
import lzma
import os
import struct
import tarfile
import tempfile
import zipfile
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from constancy.data.reading import MAX_FILE_BYTES, TOO_LARGE
from constancy.data.tar_header import TarHeader
from constancy.errors import UserError
from constancy.paths import state_folder

MAX_FILES = 5_000_000
"""More files than this in one archive are taken for an attack on memory."""

MAX_PATH = 4096
"""Characters: what Linux allows."""

MAX_RATIO = 200
FREE_BYTES = 2**30
"""An archive may unfold to MAX_RATIO times its size and FREE_BYTES more: drawings on white do, and
what unfolds to more is a bomb."""


_BLOCK = 2**20

_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    ArithmeticError,
    NotImplementedError,  # a compression that zipfile does not know
    OSError,  # gzip's and bz2's way to say that their data are wrong; a place beyond the file
    RuntimeError,
    ValueError,
)


_PACK_ANEW = "unpack it and use folder:, or pack it as tar or zip"
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": f"is a 7z archive: {_PACK_ANEW}",
    b"Rar!\x1a\x07": f"is a rar archive: {_PACK_ANEW}",
    b"\x28\xb5\x2f\xfd": f"is compressed with zstd: {_PACK_ANEW}",
}
_PAGES = {b"<": "a web page", b"{": "text in JSON"}


class Archive(Protocol):
    """An archive's wanted files by number.

    paths: of the files, with forward slashes; skipped: files passed over, counted by reason.
    """

    paths: list[str]
    skipped: Counter[str]

    def read(self, number: int) -> bytes:
        """The bytes of one file. Raises UserError where the archive turns out to be damaged."""


@contextmanager
def open_archive(path: Path, wanted: Callable[[str], bool]) -> Iterator[Archive]:
    """The files that are `wanted` by path in a tar (plain, gzip, bzip2, xz) or zip archive.

    Folders are passed over, links, devices and unwanted files too, but those are counted. Raises
    UserError for a file that is no such archive, is damaged or encrypted, holds a path that leads
    out of it, or unfolds to more than any set of images does.
    """
    size = path.stat().st_size
    # By its first bytes: zipfile looks at the last ones, where a tar archive may hold a zip.
    if _starts(path, b"PK\x03\x04", b"PK\x05\x06"):
        with _damage_told(path):
            bundle = zipfile.ZipFile(path)
            contents = _Zip(path, size, bundle, wanted)
        with bundle:
            yield contents
    else:
        # Only when all names are known is it known what the folders mean, and a tar archive
        # tells its names last: reading it once and keeping its images in an unnamed file is
        # quicker than unpacking it twice.
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as spool:
            with _damage_told(path):
                tar = _Tar(path, size, spool, wanted)
            yield tar


class _Contents:
    """What both kinds share: which files count, and limits on what they unfold to."""

    def __init__(self, archive: Path, size: int, wanted: Callable[[str], bool]) -> None:
        self.paths: list[str] = []
        self.skipped: Counter[str] = Counter()
        self._archive = archive
        self._most_bytes = MAX_RATIO * size + FREE_BYTES
        self._wanted = wanted
        self._bytes = self._files = 0

    def _admit(self, name: str, size: int, kind: str | None) -> str | None:
        """The path of a file that is to be read; None for one that is not.

        kind: what it is, if it is no regular file. Raises UserError for what must not be trusted.
        """
        path = name.replace("\\", "/")
        parts = path.split("/")
        if len(name) > MAX_PATH:
            raise UserError(
                f"{self._archive.name} holds a file whose name has {len(name):,} characters "
                f"({name[:60]!r}...): no file system has such names, do not trust it"
            )
        if not parts[0] or ".." in parts or parts[0][1:2] == ":":
            raise UserError(
                f"{self._archive.name} holds a path that leads out of it ({name!r}): "
                "do not trust it"
            )
        self._files += 1
        self._count(size + len(name))
        if "." in parts or "" in parts:
            path = "/".join(part for part in parts if part not in (".", ""))
        if kind:
            self.skipped[kind] += 1
        elif size > MAX_FILE_BYTES:
            self.skipped[TOO_LARGE] += 1
        elif self._wanted(path):
            return path
        return None

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._files > MAX_FILES or self._bytes > self._most_bytes:
            raise UserError(
                f"{self._archive.name} unfolds to {self._files:,} files and {self._bytes:,} bytes "
                "or more, out of proportion to its size: do not trust it"
            )


class _Tar(_Contents):
    def __init__(
        self, archive: Path, size: int, spool: IO[bytes], wanted: Callable[[str], bool]
    ) -> None:
        super().__init__(archive, size, wanted)
        self._spool = spool
        self._ends = array("q", [0])
        # "r|" reads strictly forward: memory stays flat, and each byte is unpacked once.
        with (
            _unpacked(archive) as stream,
            tarfile.open(fileobj=stream, mode="r|", tarinfo=TarHeader) as tar,
        ):
            for info in tar:
                tar.members = []  # type: ignore[attr-defined]  # it would keep a record of every file
                if not info.isdir():
                    self._take(tar, info)
            # Only at its end does a compressed stream tell whether all before it was right.
            while trailing := len(stream.read(_BLOCK)):
                self._count(trailing)
        spool.flush()

    def read(self, number: int) -> bytes:
        start, end = self._ends[number : number + 2]
        return os.pread(self._spool.fileno(), end - start, start)

    def _take(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        if info.size < 0:
            raise tarfile.ReadError("a file of less than no bytes")
        kind = None if info.isreg() else "link" if info.issym() or info.islnk() else "device"
        path = self._admit(info.name, info.size if kind is None else 0, kind)
        file = tar.extractfile(info) if path is not None else None
        if path is not None and file is not None:
            self._spool.write(file.read())
            self._ends.append(self._ends[-1] + info.size)
            self.paths.append(path)


class _Zip(_Contents):
    def __init__(
        self, archive: Path, size: int, bundle: zipfile.ZipFile, wanted: Callable[[str], bool]
    ) -> None:
        super().__init__(archive, size, wanted)
        self._bundle = bundle
        self._infos: list[zipfile.ZipInfo] = []
        for info in bundle.infolist():
            if info.filename.endswith("/"):
                continue
            link = info.external_attr >> 28 == 0xA  # as Unix writes a symbolic link
            path = self._admit(info.filename, info.file_size, "link" if link else None)
            if path is not None:
                if info.flag_bits & 0x1:
                    raise UserError(f"{archive.name} is encrypted: unlock it first")
                self._infos.append(info)
                self.paths.append(path)

    def read(self, number: int) -> bytes:
        info = self._infos[number]
        with _damage_told(self._archive), self._bundle.open(info) as file:
            return file.read(info.file_size)  # and no more: a header can lie


def _unpacked(archive: Path) -> IO[bytes]:
    """The archive's bytes, unpacked as its first bytes say.

    tarfile would do that too, but it never checks gzip's checksum.
    """
    if _starts(archive, b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(archive))
    if _starts(archive, b"BZh"):
        return cast(IO[bytes], bz2.open(archive))
    if _starts(archive, b"\xfd7zXZ", b"]\x00\x00"):
        return cast(IO[bytes], lzma.open(archive))
    return archive.open("rb")


def _starts(path: Path, *magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(max(map(len, magic))).startswith(magic)


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # our own disk, not the archive
        reason = str(error).partition("\n")[0] or type(error).__name__
        damaged = f"cannot be read as a tar or zip archive ({reason}): fetch it again"
        raise UserError(f"{archive.name} {_something_else(archive) or damaged}") from None


def _something_else(path: Path) -> str | None:
    """What a file is, and what to do, if to fetch it again would not help."""
    with path.open("rb") as file:
        start = file.read(tarfile.BLOCKSIZE)
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            return what
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    # A tar archive may begin with a file of such a name, but there are NUL bytes behind it.
    page = None if b"\0" in text else _PAGES.get(text[:1])
    return page and (
        f"is {page}, not an archive: its address leads to a page or to an error message; "
        "use the address of the archive itself"
    )
