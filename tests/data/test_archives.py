"""Archives are streamed; what is hostile in them is refused or passed over."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_tar, make_zip
from images import pixels

from constancy.data import archives
from constancy.data.archives import open_archive
from constancy.errors import UserError

FILES = {"set/a/1.png": b"one", "set/b/2.png": b"two" * 1000}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(in_tmp: Path) -> None:
    """What is unpacked is kept below the current folder."""


def contents(path: Path) -> dict[str, bytes]:
    with open_archive(path, lambda _: True) as archive:
        return {name: archive.read(number) for number, name in enumerate(archive.paths)}


def skipped(path: Path) -> dict[str, int]:
    with open_archive(path, lambda _: True) as archive:
        return dict(archive.skipped)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives_are_read_whatever_their_compression(tmp_path: Path, mode: str) -> None:
    assert contents(make_tar(tmp_path / "x.tar", FILES, mode)) == FILES


def test_zip_archives_are_read(tmp_path: Path) -> None:
    assert contents(make_zip(tmp_path / "x.zip", FILES)) == FILES


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize("name", ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, make: object, name: str) -> None:
    archive = make(tmp_path / "x", {name: b"x"})  # type: ignore[operator]
    with pytest.raises(UserError, match="leads out of it"):
        contents(archive)


def test_links_and_devices_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind in [
            ("a/1.png", tarfile.SYMTYPE),
            ("a/2.png", tarfile.LNKTYPE),
            ("a/3.png", tarfile.CHRTYPE),
        ]:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "/etc/passwd"
            tar.addfile(info)
    assert contents(path) == {}
    assert skipped(path) == {"link": 2, "device": 1}
    link = zipfile.ZipInfo("a/4.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as bundle:
        bundle.writestr(link, "/etc/passwd")
    assert contents(tmp_path / "x.zip") == {}


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_a_file_too_large_for_an_image_is_passed_over_unread(
    tmp_path: Path, make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make(tmp_path / "x", FILES)  # type: ignore[operator]
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100)
    assert contents(archive) == {"set/a/1.png": b"one"}
    assert skipped(archive) == {archives.TOO_LARGE: 1}


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize("limit", ["MAX_FILES", "FREE_BYTES"])
def test_an_archive_that_unfolds_beyond_all_proportion_is_refused(
    tmp_path: Path, make: object, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = {f"set/a/{number}.png": b"0" * 100_000 for number in range(20)}
    archive = make(tmp_path / "x", bomb)  # type: ignore[operator]
    monkeypatch.setattr(archives, "MAX_RATIO", 10)
    assert len(contents(archive)) == 20
    monkeypatch.setattr(archives, limit, 10)
    with pytest.raises(UserError, match="out of proportion to its size"):
        contents(archive)


def test_what_follows_the_end_of_a_tar_archive_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(make_tar(tmp_path / "x.tar", FILES, "w").read_bytes() + bytes(10_000_000))
    assert contents(path) == FILES
    monkeypatch.setattr(archives, "FREE_BYTES", 2**20)
    monkeypatch.setattr(archives, "MAX_RATIO", 10)
    with pytest.raises(UserError, match="out of proportion"):
        contents(path)


def test_a_name_of_megabytes_is_not_read(tmp_path: Path) -> None:
    long = make_tar(tmp_path / "x.tar.gz", {"a/" + "n" * 2**21 + ".png": b"x"})
    with pytest.raises(UserError, match="an extended header of 2,"):
        contents(long)


def test_a_tar_archive_that_ends_in_a_zip_is_a_tar_archive(tmp_path: Path) -> None:
    bundle = make_zip(tmp_path / "x.zip", {"evil/1.png": b"x"}).read_bytes()
    path = make_tar(tmp_path / "x.tar", FILES | {"set/z.zip": bundle}, "w")
    assert contents(path) == FILES | {"set/z.zip": bundle}


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_single_wrong_bit_is_found(tmp_path: Path, mode: str) -> None:
    files = {"a/1.png": pixels(1, (100, 100)).tobytes()}
    data = make_tar(tmp_path / "x.tar", files, mode).read_bytes()
    told = 0
    for place in range(30, len(data), 200):
        broken = bytearray(data)
        broken[place] ^= 4
        (tmp_path / "broken").write_bytes(broken)
        try:
            assert contents(tmp_path / "broken") == files  # a few bits mean nothing
        except UserError as error:
            assert "cannot be read as a tar or zip archive" in str(error)  # noqa: PT017
            told += 1
    assert told >= 0.9 * len(range(30, len(data), 200))


def damaged() -> Iterator[tuple[str, bytes]]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("a/1.png")
        info.size = 100_000
        tar.addfile(info, io.BytesIO(bytes(range(256)) * 400))
    yield "cut tar.gz", buffer.getvalue()[:-30]
    yield "text", b"just some text that is no archive at all" * 30
    yield "empty", b""
    yield "gzip of nothing", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as bundle:
        bundle.writestr("a/1.png", bytes(range(256)) * 40)
    broken = bytearray(zipped.getvalue())
    broken[200] ^= 0xFF
    yield "zip with a wrong checksum", bytes(broken)


# By name alone: some of the bytes are the time, and all workers must know a test by the same id.
@pytest.mark.parametrize(
    ("name", "data"), list(damaged()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_damaged_archives_are_told_in_one_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(data)
    with pytest.raises(UserError, match="cannot be read as a tar or zip archive"):
        contents(path)


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    data = bytearray(make_zip(tmp_path / "x.zip", {"a/1.png": b"x"}).read_bytes())
    data[6] |= 1  # in the file's own header ...
    data[data.index(b"PK\x01\x02") + 8] |= 1  # ... and in the list at the end
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UserError, match="encrypted"):
        contents(tmp_path / "x.zip")
