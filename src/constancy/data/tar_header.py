"""The headers of a tar archive, read quickly and within bounds."""

import tarfile
from typing import Any, NoReturn, Self

from constancy.errors import UserError

MAX_HEADER_BYTES = 2**20
"""Of the extended headers of a tar archive, which hold long names and are read into memory."""

_PLAIN = ord("0")  # the type of a regular file
_EXTENDED = frozenset(
    [
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    ]
)


class TarHeader(tarfile.TarInfo):
    """A tar header, read more quickly, and no name of hundreds of megabytes into memory.

    Most headers are those of plain files, of which nothing but name and size is asked: reading them
    field by field, as tarfile does, would take most of the time that a set of small images takes.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The header in a block of 512 bytes; raises as tarfile's own does."""
        try:
            plain = len(buf) == tarfile.BLOCKSIZE and buf[156] == _PLAIN and not buf[345]
            if plain and _octal(buf[148:156]) == 256 + sum(buf[:148]) + sum(buf[156:]):
                header = cls(buf[:100].partition(b"\0")[0].decode(encoding, errors))
                header.size = _octal(buf[124:136])
                return header
        except ValueError:
            pass
        # Which reads all kinds of headers, or tells what is wrong with this one.
        return super().frombuf(buf, encoding, errors)

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        """The next header; where it is broken or missing, tarfile would see the archive's end."""
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
                raise
            raise tarfile.ReadError(str(error)) from None

    def _proc_member(self, tar: Any) -> tarfile.TarInfo:
        if self.type not in _EXTENDED:
            tar.header_bytes = 0
        else:
            # Global headers are kept to the archive's end, others up to the file they tell of.
            kind = "kept_bytes" if self.type == tarfile.XGLTYPE else "header_bytes"
            held = getattr(tar, kind, 0) + self.size
            if held > MAX_HEADER_BYTES:
                raise tarfile.ReadError(f"an extended header of {held:,} bytes")
            setattr(tar, kind, held)
        return super()._proc_member(tar)  # type: ignore[misc]

    def _proc_sparse(self, *_: object) -> NoReturn:
        # The list of its holes, which may be longer than any memory, is read at once.
        raise UserError("data.source: the archive holds a sparse file: pack it without --sparse")

    _proc_gnusparse_10 = _proc_sparse


def _octal(field: bytes | bytearray) -> int:
    return int(field.partition(b"\0")[0], 8)
