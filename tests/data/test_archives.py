"""Archives are streamed; what is hostile in them is refused or passed over."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from constancy.data import archives
from constancy.data.archives import members
from constancy.errors import UserError

FILES = {"set/a/1.png": b"one", "set/b/2.png": b"two" * 1000}


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    return path


def contents(archive: Path) -> dict[str, bytes]:
    return {member.path: member.read() for member in members(archive)}


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
    link = zipfile.ZipInfo("a/4.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as bundle:
        bundle.writestr(link, "/etc/passwd")
    assert contents(tmp_path / "x.zip") == {}


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_a_file_too_large_for_an_image_is_refused_unread(
    tmp_path: Path, make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make(tmp_path / "x", FILES)  # type: ignore[operator]
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 100)
    with pytest.raises(UserError, match="too large"):
        contents(archive)


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


@pytest.mark.parametrize(("name", "data"), list(damaged()), ids=lambda value: str(value)[:25])
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
