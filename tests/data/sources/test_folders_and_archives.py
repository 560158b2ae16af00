"""Each source gives its samples in a fixed order; what it lacks is told in one sentence."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bundles import make_tar, make_zip
from images import image_folder
from source_reading import read, settings

from constancy.data.images import read_image
from constancy.errors import UserError
from constancy.settings.data import Image


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real HTTP server on loopback that serves `tmp_path`."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join(5)


def test_the_digits_are_all_there_with_their_pixels(params: dict) -> None:
    from sklearn.datasets import load_digits

    samples, _ = read(settings(params, "digits"))
    digits = load_digits()
    assert len(samples) == 1797
    assert [int(sample.label) for sample in samples] == list(digits.target)
    image = read_image(samples[5].data, Image(size=8, color="grey", fit="pad"))
    assert np.abs(image[:, :, 0] - digits.images[5] * 255 / 16).max() <= 0.5


def test_a_folder_gives_its_images_in_order_and_counts_the_rest(in_tmp: Path, params: dict) -> None:
    image_folder(in_tmp / "pets", {"dog": 2, "cat": 3})
    (in_tmp / "pets" / "cat" / "notes.txt").write_text("x")
    (in_tmp / "pets" / ".DS_Store").write_text("x")
    (in_tmp / "pets" / "stray.png").write_bytes(b"x")
    samples, skipped = read(settings(params, "folder:pets"))
    assert [sample.label for sample in samples] == ["cat"] * 3 + ["dog"] * 2
    assert samples[0].data == (in_tmp / "pets" / samples[0].path).read_bytes()
    assert skipped == {"hidden file": 1, "in no class folder": 1, "no image by its name": 1}


def test_split_folders_are_kept(in_tmp: Path, params: dict) -> None:
    for split in ("train", "test"):
        image_folder(in_tmp / "pets" / split, {"cat": 1, "dog": 1})
    samples, _ = read(settings(params, "folder:pets"))
    assert {(sample.split, sample.label) for sample in samples} == {
        ("train", "cat"), ("train", "dog"), ("test", "cat"), ("test", "dog"),
    }  # fmt: skip


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_an_archive_gives_what_its_folder_would(in_tmp: Path, params: dict, make: object) -> None:
    root = image_folder(in_tmp / "pets", {"cat": 3, "dog": 2})
    files = {f"top/{p.relative_to(root)}": p.read_bytes() for p in sorted(root.rglob("*.png"))}
    archive = make(in_tmp / "pets.bin", files | {"top/LICENSE": b"x"})  # type: ignore[operator]
    before = set(in_tmp.rglob("*")) | {in_tmp / ".constancy"}
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    samples, skipped = read(settings(params, "archive:pets.bin", sha256))
    assert {f"{s.path}": s.data for s in samples} == files
    assert [s.label for s in samples] == ["cat"] * 3 + ["dog"] * 2
    assert skipped == {"no image by its name": 1}
    assert set(in_tmp.rglob("*")) <= before  # never exploded into files


def test_an_archive_is_fetched_from_a_server(in_tmp: Path, params: dict, server: str) -> None:
    archive = make_tar(in_tmp / "pets.tar.gz", {"a/1.png": b"1", "b/2.png": b"2"})
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    samples, _ = read(settings(params, f"archive:{server}/pets.tar.gz", sha256))
    assert [(s.label, s.data) for s in samples] == [("a", b"1"), ("b", b"2")]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("folder:nowhere", "there is no folder at nowhere"),
        ("folder:flat/1.png", "flat/1.png is a file: use archive:"),
        ("archive:nowhere.zip", "there is no file at nowhere.zip"),
        ("archive:{server}/nowhere.zip", "nowhere.zip could not be fetched: not found"),
        (
            "archive:http://127.0.0.1:9/x.zip",
            "127.0.0.1:9/x.zip could not be fetched: connection refused",
        ),
        ("archive:nosuch://x/y.zip", "cannot be read"),
        ("folder:texts", "texts holds no images in class folders"),
        ("folder:flat", "flat holds no images in class folders"),
        ("folder:empty", "empty holds no images in class folders"),
    ],
)
def test_what_is_missing_is_told(
    in_tmp: Path, params: dict, server: str, source: str, message: str
) -> None:
    (in_tmp / "empty").mkdir()
    (in_tmp / "flat").mkdir()
    (in_tmp / "flat" / "1.png").write_bytes(b"x")
    (in_tmp / "texts" / "cat").mkdir(parents=True)
    (in_tmp / "texts" / "cat" / "1.txt").write_text("x")
    with pytest.raises(UserError, match=message):
        read(settings(params, source.format(server=server)))


@pytest.mark.parametrize("place", ["pets.tar", "{server}/pets.tar"])
def test_a_wrong_hash_is_refused(in_tmp: Path, params: dict, server: str, place: str) -> None:
    make_tar(in_tmp / "pets.tar", {"a/1.png": b"1"})
    with pytest.raises(UserError, match=r"data.sha256: .* has the hash [0-9a-f]{64}, not 0{64}"):
        read(settings(params, f"archive:{place.format(server=server)}", "0" * 64))
