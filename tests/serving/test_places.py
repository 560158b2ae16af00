"""What `constancy predict` is asked about: files, folders, globs, archives, manifests."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from bundles import make_tar, make_zip
from http_server import http_server
from images import encoded, image_folder

from constancy.errors import UserError
from constancy.serving.places import Images, find_images

FILES = {"pets/cat/0000.png": encoded(0), "pets/dog/0001.png": encoded(1)}


@pytest.fixture
def pets(in_tmp: Path) -> Path:
    """A folder with the images of FILES, and what is none."""
    root = image_folder(in_tmp / "pets", {"cat": 1, "dog": 1})
    (root / "notes.txt").write_text("x")
    (root / ".hidden.png").write_bytes(encoded(9))
    return root


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def contents(found: list[Images]) -> dict[str, tuple[bytes, str | None]]:
    return {
        path: images.read(number) for images in found for number, path in enumerate(images.paths)
    }


def fine(files: dict[str, bytes], prefix: str = "") -> dict[str, tuple[bytes, None]]:
    return {prefix + path: (data, None) for path, data in files.items()}


@pytest.mark.parametrize("place", ["pets", "pets/", "pets/**/*.png", "pets/*/*", "./pets/*/*.png"])
def test_folders_and_globs_give_their_images_sorted(
    pets: Path, opened: ExitStack, place: str
) -> None:
    found = contents(find_images([place], opened))
    assert found == fine(FILES)
    assert list(found) == sorted(found)


def test_a_file_is_taken_whatever_it_is_called(pets: Path, opened: ExitStack) -> None:
    for name in ("photo", "photo[1].png", "*.png"):
        Path(name).write_bytes(encoded(3))
    names = ["photo", "photo[1].png", "*.png"]
    assert contents(find_images(names, opened)) == fine(dict.fromkeys(names, encoded(3)))


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".TGZ", ".tar.xz"])
def test_archives_are_read_without_a_trace(pets: Path, opened: ExitStack, ending: str) -> None:
    files = FILES | {"pets/notes.txt": b"x", "__MACOSX/pets/cat/0000.png": b"x"}
    mode = {".tar": "w", ".tar.xz": "w:xz"}.get(ending, "w:gz")
    path = Path(f"pets{ending}")
    (make_zip if ending == ".zip" else make_tar)(path, files, *([] if ending == ".zip" else [mode]))
    before = set(Path().rglob("*"))
    assert contents(find_images([str(path)], opened)) == fine(FILES, f"{path}/")
    assert set(Path().rglob("*")) == before


def test_of_files_given_twice_in_an_archive_the_last_counts(
    in_tmp: Path, opened: ExitStack
) -> None:
    file = make_zip(Path("twice.zip"), {"a.png": encoded(1), "b.png": encoded(2)})
    file.write_bytes(file.read_bytes().replace(b"b.png", b"a.png"))
    found = find_images(["twice.zip"], opened)
    assert [images.paths for images in found] == [["twice.zip/a.png"]]
    assert found[0].read(0) == (encoded(2), None)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_manifest_needs_no_labels(pets: Path, opened: ExitStack, ending: str) -> None:
    table = pd.DataFrame({"path": ["cat/0000.png", "dog\\0001.png"], "other": [1, 2]})
    getattr(table, f"to_{ending}")(f"pets/list.{ending}", index=False)
    found = contents(find_images([f"pets/list.{ending}"], opened))
    assert list(found.values()) == [(data, None) for data in FILES.values()]
    assert next(iter(found)) == "pets/cat/0000.png"


def test_a_row_that_leads_elsewhere_is_one_that_cannot_be_read(
    pets: Path, opened: ExitStack
) -> None:
    Path("decoy.png").write_bytes(encoded(5))
    rows = ["../decoy.png", str(Path("decoy.png").resolve()), "file:///etc/hostname", "none.png"]
    Path("pets/list.csv").write_text("\n".join(["path", *rows, "cat/0000.png", ""]))
    *bad, good = contents(find_images(["pets/list.csv"], opened)).values()
    assert good == (encoded(0), None)
    assert [data for data, _ in bad] == [b""] * 4
    reasons = [reason or "" for _, reason in bad]
    assert all("lies outside the manifest's folder" in reason for reason in reasons[:2])
    assert reasons[0].startswith("list.csv, row 1 names '../decoy.png'")
    assert "an address of the kind 'file'" in reasons[2]
    assert reasons[3] == "no such file or directory"


def test_a_manifest_may_name_addresses(in_tmp: Path, opened: ExitStack) -> None:
    with http_server() as server:
        url = server.serve("1.png", encoded(1))
        Path("list.csv").write_text(f"path\n{url}\n{url}.none\n")
        found = contents(find_images(["list.csv"], opened))
    assert found == {url: (encoded(1), None), f"{url}.none": (b"", "not found")}


def test_a_place_that_cannot_be_used_does_not_stop_the_others(
    pets: Path, opened: ExitStack
) -> None:
    Path("bad.zip").write_bytes(b"PK\x03\x04 and no more")
    make_tar(Path("evil.tar"), {"../evil.png": encoded(1)}, "w")
    Path("list.csv").write_text("file,label\nx,y\n")
    os.mkfifo("pipe.png")
    bad = ["nowhere.png", "no*.png", "bad.zip", "none.zip", "evil.tar", "list.csv", "pipe.png"]
    found = contents(find_images([*bad, "pets"], opened))
    assert list(found) == [*bad, *FILES]
    reasons = {path: reason or "" for path, (_, reason) in found.items()}
    for path in ("nowhere.png", "no*.png", "none.zip"):
        assert reasons[path] == "no such file or directory"
    assert reasons["bad.zip"].startswith("bad.zip cannot be read as a tar or zip archive")
    assert "leads out of it" in reasons["evil.tar"]
    assert reasons["list.csv"].startswith("list.csv has no column 'path'")
    assert reasons["pipe.png"] == "no regular file"
    assert not Path("../evil.png").exists()


def test_a_member_whose_bytes_are_damaged_is_one_that_cannot_be_read(
    in_tmp: Path, opened: ExitStack
) -> None:
    data = make_zip(Path("a.zip"), FILES).read_bytes()
    at = data.index(b"0000.png") + 60
    Path("a.zip").write_bytes(data[:at] + bytes(40) + data[at + 40 :])
    bad, good = contents(find_images(["a.zip"], opened)).values()
    assert "cannot be read as a tar or zip archive" in (bad[1] or "")
    assert good == (FILES["pets/dog/0001.png"], None)


def test_paths_are_given_as_text_that_can_be_printed(in_tmp: Path, opened: ExitStack) -> None:
    for name in (b"a\tb.png", b"\xff.png", b"\x1b[2J.png"):
        (in_tmp / os.fsdecode(name)).write_bytes(encoded(1))
    found = contents(find_images(["."], opened))
    assert set(found.values()) == {(encoded(1), None)}
    assert sorted(found) == ["\\udcff.png", "\\x1b[2J.png", "a\\tb.png"]


def test_where_there_is_nothing_at_all_that_is_told(in_tmp: Path, opened: ExitStack) -> None:
    Path("empty").mkdir()
    make_zip(Path("none.zip"), {"notes.txt": b"x"})
    with pytest.raises(UserError, match=r"^there are no images in empty, none.zip: files there"):
        find_images(["empty", "none.zip"], opened)
