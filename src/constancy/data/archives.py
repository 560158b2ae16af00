"""Archives, read as a stream: nothing in them is ever written to the disk under a name of theirs."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from constancy.errors import UserError

MAX_FILE_BYTES = 256 * 2**20
"""A larger file is no image that Constancy would read."""


@dataclass(frozen=True)
class Member:
    """A regular file in an archive. `read` gives its bytes, and works until the next member."""

    path: str
    read: Callable[[], bytes]


def members(archive: Path) -> Iterator[Member]:
    """The regular files of a tar (plain, gzip, bzip2, xz) or zip archive, in its own order.

    Folders, links and devices are passed over. Raises UserError for a file that is no such archive,
    is damaged or encrypted, or holds a path that leads out of it or a file beyond MAX_FILE_BYTES.
    """
    with _damage_told(archive):
        if zipfile.is_zipfile(archive):
            yield from _zip_members(archive)
        else:
            yield from _tar_members(archive)


def _tar_members(archive: Path) -> Iterator[Member]:
    # "r|*" reads strictly forward: memory stays flat, and each byte is unpacked once.
    with tarfile.open(archive, "r|*") as tar:
        for info in tar:
            if not info.isreg():
                continue
            _check(info.name, info.size, archive)
            file = tar.extractfile(info)
            if file is not None:
                yield Member(_clean(info.name), _reader(file, info.size, archive))


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as bundle:
        for info in bundle.infolist():
            unix_kind = info.external_attr >> 28  # 0xA: symbolic link
            if info.is_dir() or unix_kind == 0xA:
                continue
            _check(info.filename, info.file_size, archive)
            if info.flag_bits & 0x1:
                raise UserError(f"{archive.name} is encrypted: unlock it first")
            with bundle.open(info) as file:
                yield Member(_clean(info.filename), _reader(file, info.file_size, archive))


def _reader(file: IO[bytes], size: int, archive: Path) -> Callable[[], bytes]:
    """Reads what the member's header promised and no more: a header can lie."""

    def read() -> bytes:
        with _damage_told(archive):
            return file.read(size)

    return read


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UserError(
            f"{archive.name} cannot be read as a tar or zip archive ({reason}): fetch it again"
        ) from None


def _check(name: str, size: int, archive: Path) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise UserError(
            f"{archive.name} holds a path that leads out of it ({name!r}): do not trust it"
        )
    if size > MAX_FILE_BYTES:
        raise UserError(
            f"{archive.name} holds a file of {size:,} bytes ({name!r}): too large to be an image"
        )


def _clean(name: str) -> str:
    return str(PurePosixPath(name.replace("\\", "/")))
