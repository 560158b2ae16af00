"""Archives that lead out of their folder, unfold beyond all measure, are broken, or merely odd."""

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Mapping

from hostile_case import (
    Member,
    Outcome,
    archive_case,
    good,
    kept,
    quarantined,
    refused,
    skipped,
    tar_bytes,
    tar_case,
    zip_bytes,
    zip_case,
)
from images import encoded

OUT = "holds a path that leads out of it .* do not trust it"
BOMB = "out of proportion to its size: do not trust it"
DAMAGED = r"cannot be read as a tar or zip archive \(.+\): fetch it again"
ANEW = "unpack it and use folder:, or pack it as tar or zip$"
NO_ARCHIVE = (
    "not an archive: its address leads to a page .*; use the address of the archive itself$"
)
HEADER = 512

ODD = "cat/odd.png"

# --- where it would be unpacked to, were it unpacked ---------------------------------------------

PATHS = [
    case(f"a path {name}", refused(OUT), Member(path, good()))
    for case in (tar_case, zip_case)
    for name, path in [
        ("out of it", "../decoy.png"),
        ("out of it, nested", "cat/../../decoy.png"),
        ("out of it and back", "cat/../cat/odd.png"),
        ("out of it, with backslashes", "..\\decoy.png"),
        ("out of it, all the way", "../" * 30 + "etc/odd.png"),
        ("from the root", "/etc/odd.png"),
        ("from the root, with backslashes", "\\etc\\odd.png"),
        ("on another drive", "C:\\odd.png"),
        ("on another drive, with slashes", "C:/cat/odd.png"),
        ("on another computer", "\\\\server\\share\\odd.png"),
        ("of nothing", ""),
    ]
]

ORDINARY = [
    case(name, kept(shown, label), Member(path, good()))
    for case in (tar_case, zip_case)
    for name, path, shown, label in [
        ("backslashes within", "cat\\odd.png", ODD, "cat"),
        ("needless dots and slashes", "./cat/.//odd.png", ODD, "cat"),
        ("a colon in a label", "12:30/odd.png", "12:30/odd.png", "12:30"),
        ("a newline in a name", "cat/o\nd.png", "cat/o\\nd.png", "cat"),
        ("a name of 300 characters", f"cat/{'n' * 296}.png", f"cat/{'n' * 296}.png", "cat"),
        ("a label in other letters", "猫/odd.png", "猫/odd.png", "猫"),
        ("a label with white space around it", "cat /odd.png", "cat /odd.png", "cat"),
    ]
]


def link(kind: bytes, target: str, name: str = ODD) -> Member:
    return Member(name, more={"type": kind, "linkname": target})


def device(kind: bytes) -> Member:
    return Member(ODD, more={"type": kind, "devmajor": 1, "devminor": 5})


def unix(mode: int, **more: object) -> Mapping[str, object]:
    """How a zip tells what a file is on Unix."""
    return {"external_attr": mode << 16, "create_system": 3, **more}


THINGS = [
    tar_case("a symbolic link to a secret", skipped("link"), link(tarfile.SYMTYPE, "/etc/passwd")),
    tar_case("a symbolic link out of it", skipped("link"), link(tarfile.SYMTYPE, "../../decoy.png")),
    tar_case("a hard link to a secret", skipped("link"), link(tarfile.LNKTYPE, "/etc/passwd")),
    tar_case("a hard link out of it", skipped("link"), link(tarfile.LNKTYPE, "../decoy.png")),
    tar_case("a hard link to one of its images", skipped("link"), link(tarfile.LNKTYPE, "cat/0.png")),
    tar_case("a symbolic link and a file through it", skipped("link") | kept("owl/decoy.png"), link(tarfile.SYMTYPE, "../..", "owl"), Member("owl/decoy.png", good())),
    tar_case("a symbolic link and a file in its place", skipped("link") | kept(), link(tarfile.SYMTYPE, "../../decoy.png"), Member(ODD, good())),
    tar_case("a link whose name leads out of it", refused(OUT), link(tarfile.SYMTYPE, "x", "../odd.png")),
    tar_case("a character device", skipped("device"), device(tarfile.CHRTYPE)),
    tar_case("a block device", skipped("device"), device(tarfile.BLKTYPE)),
    tar_case("a pipe", skipped("device"), device(tarfile.FIFOTYPE)),
    tar_case("a kind that nobody knows", skipped("device"), Member(ODD, good(), {"type": b"Z"})),
    tar_case("a contiguous file", kept(), Member(ODD, good(), {"type": tarfile.CONTTYPE})),
    tar_case("folders", Outcome(), Member("owl", more={"type": tarfile.DIRTYPE})),
    tar_case("programs that set their user", kept(), Member(ODD, good(), {"mode": 0o6777, "uid": 0})),
    zip_case("a symbolic link", skipped("link"), Member(ODD, b"/etc/passwd", unix(0o120777))),
    zip_case("a symbolic link and a file through it", skipped("link") | kept("owl/decoy.png"), Member("owl", b"../..", unix(0o120777)), Member("owl/decoy.png", good())),
    zip_case("a device", quarantined("not an image"), Member(ODD, b"", unix(0o020666))),
    zip_case("folders", Outcome(), Member("owl/", b"")),
]  # fmt: skip

LITTER = [
    case(name, outcome, Member(path, good()))
    for case in (tar_case, zip_case)
    for name, path, outcome in [
        (".DS_Store", "cat/.DS_Store", skipped("hidden file")),
        ("__MACOSX", "__MACOSX/cat/._0.png", skipped("hidden file")),
        ("Thumbs.db", "cat/Thumbs.db", skipped("no image by its name")),
        ("an archive in it", "cat/more.tar.gz", skipped("no image by its name")),
        ("an image in no class", "odd.png", skipped("in no class folder")),
    ]
]

NAMES = [
    tar_case("an archive in it named .png", quarantined("not an image"), Member(ODD, tar_bytes(mode="w:gz"))),
    zip_case("an archive in it named .png", quarantined("not an image"), Member(ODD, zip_bytes())),
    tar_case("one name twice", skipped("given again further on") | kept(), Member(ODD, encoded(1001)), Member(ODD, good())),
    zip_case("one name twice", skipped("given again further on") | kept(), Member(ODD, encoded(1001)), Member("./" + ODD, good())),
    tar_case("names in other case", kept("cat/ODD.png") | kept(), Member("cat/ODD.png", encoded(1001)), Member(ODD, good())),
    tar_case("labels in other case", refused("'Cat' and 'cat' differ in upper and lower case alone"), Member("Cat/odd.png", good())),
    zip_case("labels in other case", refused("'Cat' and 'cat' differ in upper and lower case alone"), Member("Cat/odd.png", good())),
    tar_case("a file's name that is no text", kept("cat/o\\udcff.png"), Member("cat/o\udcff.png", good())),
    tar_case("a label that is no text", refused("cannot be printed"), Member("c\udcff/odd.png", good())),
    tar_case("a label with a newline", refused("cannot be printed"), Member("c\nat/odd.png", good())),
    zip_case("a label with a newline", refused("cannot be printed"), Member("c\nat/odd.png", good())),
    tar_case("a label of 200 characters", refused("has 200 characters"), Member(f"{'n' * 200}/odd.png", good())),
    tar_case("a label of white space", refused("empty label"), Member(" /odd.png", good())),
    tar_case("a name that ends early", skipped("no image by its name"), Member("cat/odd\0.png", good())),
    zip_case("a name that ends early", skipped("no image by its name"), Member("cat/odd\0.png", good())),
    tar_case("a name of a dot", skipped("no image by its name"), Member(".", good())),
    zip_case("a name of a dot", skipped("no image by its name"), Member(".", good())),
    tar_case("labels composed and decomposed", kept("caf\u00e9/1.png") | kept("cafe\u0301/2.png", "caf\u00e9"), Member("caf\u00e9/1.png", good()), Member("cafe\u0301/2.png", encoded(1001))),
]  # fmt: skip

# --- bombs ---------------------------------------------------------------------------------------


def header(kind: bytes, size: int, name: str = ODD) -> bytes:
    """One block of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def extended(size: int, key: str = "comment", kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header of that size."""
    start = f"{size} {key}=".encode()
    body = start + b"x" * (size - len(start) - 1) + b"\n"
    return header(kind, len(body), "x") + body + bytes(-len(body) % HEADER)


def in_front(*parts: bytes) -> bytes:
    return gzip.compress(b"".join(parts) + tar_bytes(), 1)


def sparse() -> bytes:
    """A file of holes, whose list goes on and on."""
    first = bytearray(header(tarfile.GNUTYPE_SPARSE, 0))
    first[482] = 1  # the list is continued
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = (b"00000000001\0" * 42).ljust(504, b"\0") + b"\1" + bytes(7)
    return bytes(first) + more * 10_000


SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}


def overlapping(count: int) -> bytes:
    """A zip whose files all lie in the same place, as far as its list says."""
    data = zip_bytes(Member(ODD, bytes(2**20)))
    start = data.rindex(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    body = data[:end] + data[start:end] * count
    entries = 25 + count
    first = data.index(b"PK\x01\x02")
    return body + struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, entries, entries, len(body) - first, first, 0
    )


def lying_about_size(size: int) -> bytes:
    """A zip that claims another size for its last file."""
    data = bytearray(zip_bytes(Member(ODD, good())))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<I", size)
    return bytes(data)


ZEROS = Member(ODD, bytes(2**22))
SMALL = {"MAX_RATIO": 10, "FREE_BYTES": 2**20}

BOMBS = [
    archive_case("tar: gigabytes of zeros", lambda: gzip.compress(tar_bytes()[:-1024] + header(b"0", 2**31, "big.bin")) + gzip.compress(bytes(2**24)) * 128, refused(BOMB)),
    tar_case("a ratio beyond all proportion", refused(BOMB), ZEROS, **SMALL),
    zip_case("a ratio beyond all proportion", refused(BOMB), ZEROS, **SMALL),
    archive_case("tar: xz beyond all proportion", lambda: lzma.compress(tar_bytes(ZEROS)), refused(BOMB), **SMALL),
    archive_case("tar: zeros after its end", lambda: gzip.compress(tar_bytes() + bytes(2**25)), refused(BOMB), **SMALL),
    archive_case("zip: overlapping files", lambda: overlapping(2000), refused(BOMB), "pets.zip"),
    tar_case("too many files", refused(BOMB), *[Member(f"cat/{n}.txt") for n in range(100)], MAX_FILES=100),
    zip_case("too many files", refused(BOMB), *[Member(f"cat/{n}.txt") for n in range(100)], MAX_FILES=100),
    tar_case("too many links", refused(BOMB), *[link(tarfile.SYMTYPE, "x", f"cat/{n}") for n in range(100)], MAX_FILES=100),
    tar_case("a file too large for an image", skipped("larger than 256 MiB"), ZEROS, MAX_FILE_BYTES=2**20),
    zip_case("a file too large for an image", skipped("larger than 256 MiB"), ZEROS, MAX_FILE_BYTES=2**20),
    tar_case("a name of megabytes", refused("an extended header of 2,"), Member(f"cat/{'n' * 2**21}.png")),
    archive_case("tar: a long name of megabytes", lambda: in_front(header(tarfile.GNUTYPE_LONGNAME, 2**21, "x"), bytes(2**21)), refused("an extended header of 2,097,152")),
    archive_case("tar: extended headers in a row", lambda: in_front(*[extended(600_000)] * 100), refused("an extended header of 1,200,000")),
    archive_case("tar: small extended headers in a row", lambda: in_front(*[extended(200)] * 3000), refused("recursion")),
    archive_case("tar: global headers that add up", lambda: in_front(*[extended(200_000, f"k{n}", tarfile.XGLTYPE) + header(b"0", 0, "x.txt") for n in range(100)]), refused("an extended header of")),
    archive_case("tar: a sparse file", lambda: in_front(sparse()), refused("holds a sparse file: pack it without --sparse")),
    tar_case("a sparse file in extended headers", refused("holds a sparse file"), Member(ODD, b"9" * 9 + b"\n", {"pax_headers": SPARSE})),
    archive_case("tar: a file of less than no bytes", lambda: in_front(header(b"0", -300)), refused("less than no bytes")),
    tar_case("a size of less than no bytes in extended headers", refused("less than no bytes"), Member(ODD, good(), {"pax_headers": {"size": "-5"}})),
    tar_case("a size beyond all numbers", refused(BOMB), Member(ODD, good(), {"pax_headers": {"size": "9" * 30}})),
    archive_case("zip: a size that is too small", lambda: lying_about_size(20), refused(DAMAGED), "pets.zip"),
    archive_case("zip: a size that is too large", lambda: lying_about_size(10**8), kept(), "pets.zip"),
]  # fmt: skip

# --- damage --------------------------------------------------------------------------------------


def wrong_crc() -> bytes:
    data = bytearray(zip_bytes(Member(ODD, good(), {"compress_type": zipfile.ZIP_STORED})))
    data[data.index(good()) + 40] ^= 1
    return bytes(data)


def zip_flag(flag: int = 0, compression: int | None = None) -> bytes:
    """The last file claims to be encrypted, or compressed in another way."""
    data = bytearray(zip_bytes(Member(ODD, good())))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.rindex(mark) + place
        data[start] |= flag
        if compression is not None:
            data[start + 2 : start + 4] = struct.pack("<H", compression)
    return bytes(data)


def wrong_header() -> bytes:
    """Of the last file but one, as a bad disk would leave it."""
    data = bytearray(tar_bytes(Member("cat/odd.png", good()), Member("cat/odder.png", good())))
    data[data.rindex(b"cat/odd.png")] ^= 1
    return bytes(data)


def cut_between() -> bytes:
    """Cut where a file ends and the next would begin."""
    data = tar_bytes(Member(ODD, good()))
    return data[: data.rindex(ODD.encode())]


def cut(data: bytes, by: int) -> bytes:
    return data[:-by]


def only(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


def two_names() -> bytes:
    """The list calls a file other than the file itself does."""
    data = bytearray(zip_bytes(Member(ODD, good())))
    data[data.index(ODD.encode())] ^= 1
    return bytes(data)


DAMAGE = [
    archive_case(name, data, refused(message), file)
    for name, data, message, file in [
        ("tar: empty", lambda: b"", DAMAGED, "pets.tar"),
        ("tar: text", lambda: b"404: Not Found\n" * 99, DAMAGED, "pets.tar"),
        ("tar: HTML named .tar.gz", lambda: b"<!doctype html>" + b" " * 999, f"pets.tar.gz is a web page, {NO_ARCHIVE}", "pets.tar.gz"),
        ("tar: HTML after white space", lambda: b"\xef\xbb\xbf\r\n  <html>", f"is a web page, {NO_ARCHIVE}", "pets.tar"),
        ("tar: XML as S3 tells errors", lambda: b"<?xml version='1.0'?><Error/>", f"is a web page, {NO_ARCHIVE}", "pets.tar"),
        ("zip: HTML named .zip", lambda: b"<!doctype html>" + b" " * 999, f"is a web page, {NO_ARCHIVE}", "pets.zip"),
        ("tar: JSON", lambda: b'{"message": "Not Found"}', f"is text in JSON, {NO_ARCHIVE}", "pets.tar"),
        ("tar: damaged, its first file named as a page would begin", lambda: cut(only("<1>/odd.png"), 10_000), DAMAGED, "pets.tar"),
        ("tar: an image", good, DAMAGED, "pets.tar"),
        ("tar: rar", lambda: b"Rar!\x1a\7\0" + bytes(999), f"pets.tar is a rar archive: {ANEW}", "pets.tar"),
        ("tar: 7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(999), f"pets.tar is a 7z archive: {ANEW}", "pets.tar"),
        ("zip: 7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(999), f"is a 7z archive: {ANEW}", "pets.zip"),
        ("tar: zstd", lambda: b"\x28\xb5\x2f\xfd" + bytes(range(250)), f"is compressed with zstd: {ANEW}", "pets.tar.zst"),
        ("tar: gzip cut", lambda: cut(tar_bytes(mode="w:gz"), 30), DAMAGED, "pets.tar.gz"),
        ("tar: gzip cut within its checksum", lambda: cut(tar_bytes(mode="w:gz"), 4), DAMAGED, "pets.tar.gz"),
        ("tar: gzip with a wrong checksum", lambda: cut(tar_bytes(mode="w:gz"), 8) + bytes(8), DAMAGED, "pets.tar.gz"),
        ("tar: gzip of nothing", lambda: gzip.compress(b""), DAMAGED, "pets.tar.gz"),
        ("tar: gzip in gzip", lambda: gzip.compress(tar_bytes(mode="w:gz")), DAMAGED, "pets.tar.gz"),
        ("tar: bzip2 cut", lambda: cut(tar_bytes(mode="w:bz2"), 30), DAMAGED, "pets.tar.bz2"),
        ("tar: xz cut", lambda: cut(tar_bytes(mode="w:xz"), 30), DAMAGED, "pets.tar.xz"),
        ("tar: cut in a file", lambda: tar_bytes()[:700], DAMAGED, "pets.tar"),
        ("tar: cut in a header", lambda: cut_between() + b"cat/", DAMAGED, "pets.tar"),
        ("tar: cut between files", cut_between, DAMAGED, "pets.tar"),
        ("tar: a wrong header further on", wrong_header, DAMAGED, "pets.tar"),
        ("tar: no files", lambda: bytes(10240), "holds no images in class folders", "pets.tar"),
        ("zip: cut", lambda: cut(zip_bytes(), 400), DAMAGED, "pets.zip"),
        ("zip: its first bytes alone", lambda: b"PK\3\4", DAMAGED, "pets.zip"),
        ("zip: no files", lambda: b"PK\5\6" + bytes(18), "holds no images in class folders", "pets.zip"),
        ("zip: a wrong checksum", wrong_crc, DAMAGED, "pets.zip"),
        ("zip: encrypted", lambda: zip_flag(flag=1), "is encrypted: unlock it first", "pets.zip"),
        ("zip: a compression that nobody knows", lambda: zip_flag(compression=99), DAMAGED, "pets.zip"),
        ("zip: a list that points beyond it", lambda: cut(zip_bytes(), 6) + b"\xff" * 4 + bytes(2), DAMAGED, "pets.zip"),
        ("zip: behind a program", lambda: b"#!/bin/sh\n" + zip_bytes(), DAMAGED, "pets.zip"),
        ("zip: names that differ in list and file", two_names, DAMAGED, "pets.zip"),
    ]
]  # fmt: skip


def halves(data: bytes) -> list[bytes]:
    return [data[: len(data) // 2], data[len(data) // 2 :]]


def remark(data: bytes) -> bytes:
    return data[:-2] + struct.pack("<H", 10) + b"no remark!"


HONEST = [
    archive_case("tar: named .zip", lambda: tar_bytes(Member(ODD, good())), kept(), "pets.zip"),
    archive_case("zip: named .tar.gz", lambda: zip_bytes(Member(ODD, good())), kept(), "pets.tar.gz"),
    archive_case("tar: that ends in a zip", lambda: tar_bytes(Member(ODD, good()), Member("z.zip", zip_bytes(Member("evil/1.png", good())))), kept() | skipped("no image by its name"), "pets.tar"),
    archive_case("tar: another one after its end", lambda: tar_bytes(Member(ODD, good())) + tar_bytes(Member("owl/1.png", encoded(1001))), kept(), "pets.tar"),
    archive_case("tar: in two parts of gzip", lambda: b"".join(gzip.compress(part) for part in halves(tar_bytes(Member(ODD, good())))), kept()),
    archive_case("zip: a remark that looks like its end", lambda: remark(zip_bytes(Member(ODD, good()))), kept(), "pets.zip"),
]  # fmt: skip


ARCHIVES = [*PATHS, *ORDINARY, *THINGS, *LITTER, *NAMES, *BOMBS, *DAMAGE, *HONEST]
