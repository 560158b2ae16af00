"""A source that changed is noticed; one that did not is not read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from images import image_folder

from constancy.data.fingerprint import fingerprint
from constancy.settings.data import Data


def source(params: dict, place: str) -> Data:
    return Data.model_validate(params["data"] | {"source": place})


def add(root: Path) -> None:
    (root / "cat" / "new.png").write_bytes(b"x")


def remove(root: Path) -> None:
    next((root / "cat").iterdir()).unlink()


def rename(root: Path) -> None:
    (root / "cat").rename(root / "lion")


def write_anew(root: Path) -> None:
    path = next((root / "cat").iterdir())
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [add, remove, rename, write_anew])
def test_a_change_in_a_folder_is_noticed(
    in_tmp: Path, params: dict, change: Callable[[Path], None]
) -> None:
    root = image_folder(in_tmp / "pets", {"cat": 3, "dog": 2})
    data = source(params, "folder:pets")
    before = fingerprint(data)
    assert fingerprint(data) == before
    change(root)
    assert fingerprint(data) != before


def test_a_new_archive_is_noticed(in_tmp: Path, params: dict) -> None:
    (in_tmp / "pets.zip").write_bytes(b"1")
    data = source(params, "archive:pets.zip")
    before = fingerprint(data)
    (in_tmp / "pets.zip").write_bytes(b"12")
    assert fingerprint(data) != before


def test_a_change_behind_a_link_is_noticed(in_tmp: Path, params: dict) -> None:
    image_folder(in_tmp / "elsewhere", {"owl": 2})
    root = image_folder(in_tmp / "pets", {"cat": 3, "dog": 2})
    (root / "owl").symlink_to(in_tmp / "elsewhere" / "owl")
    data = source(params, "folder:pets")
    before = fingerprint(data)
    next((in_tmp / "elsewhere" / "owl").iterdir()).unlink()
    assert fingerprint(data) != before


def test_a_manifest_and_the_images_that_it_lists_are_looked_at(in_tmp: Path, params: dict) -> None:
    root = image_folder(in_tmp / "pets", {"cat": 3})
    manifest = in_tmp / "pets" / "all.csv"
    rows = [f"{path.relative_to(root)},cat" for path in sorted(root.rglob("*.png"))]
    manifest.write_text("\n".join(["path,label", *rows]))
    data = source(params, "manifest:pets/all.csv")
    seen = [fingerprint(data)]
    write_anew(root)
    seen.append(fingerprint(data))
    remove(root)
    seen.append(fingerprint(data))
    manifest.write_text("no manifest")
    seen.append(fingerprint(data))
    assert len(set(seen)) == 4


@pytest.mark.parametrize("place", ["digits", "folder:nowhere", "archive:http://127.0.0.1:9/x.zip"])
def test_what_cannot_be_looked_at_has_a_fingerprint(in_tmp: Path, params: dict, place: str) -> None:
    assert fingerprint(source(params, place)) == fingerprint(source(params, place))
