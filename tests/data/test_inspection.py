"""A source is reported on without anything being changed."""

import socket
from pathlib import Path
from typing import Any

import pytest
from bundles import make_tar, make_zip
from click.testing import CliRunner
from http_server import http_server
from images import encoded, image_folder
from project import REPOSITORY
from torchvision.datasets import eurosat

from constancy.cli import main
from constancy.files import read_json
from constancy.paths import scratch_folder


@pytest.fixture
def pets(in_tmp: Path) -> Path:
    (in_tmp / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    root = image_folder(in_tmp / "pets", {"cat": 30, "dog": 20, "owl": 2})
    (root / "cat" / "again.png").write_bytes(encoded(0))
    (root / "cat" / "bad.png").write_bytes(b"x")
    (root / "cat" / "notes.txt").write_text("x")
    return root


def inspect(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["inspect", *arguments])
    return done.exit_code, done.output


def test_counts_checks_and_what_would_stop_the_pipeline_are_told(pets: Path) -> None:
    code, output = inspect("folder:pets")
    assert code == 0, output
    lines = dict(line.split(maxsplit=1) for line in output.splitlines()[:8])
    assert lines["Source"] == "folder:pets"
    assert lines["Files"] == "54: 53 PNG"
    assert lines["Skipped"] == "1 no image by its name"
    assert lines["Classes"] == "3: cat 30, dog 20, owl 2"
    assert "Check    exact_duplicates: 1 image left out, such as cat/" in output
    assert "Stops    1 of 54 files cannot be read as images, more than" in output
    assert "Stops    data.quality.small_class: class 'owl' has 2 of the 10 images" in output


def listing(folder: Path) -> dict[Path, int]:
    """Whatever lies there, with the times of files and folders, of `folder` itself too."""
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize(
    "arguments",
    [
        ["folder:pets"],
        ["archive:pets.tar.gz"],
        ["archive:pets.zip"],
        ["manifest:pets.csv"],
        ["torchvision:EuroSAT", "--root", "sets"],
    ],
)
def test_nothing_is_left_behind(pets: Path, in_tmp: Path, arguments: list[str]) -> None:
    files = {str(path.relative_to(pets)): path.read_bytes() for path in pets.rglob("*.png")}
    make_tar(in_tmp / "pets.tar.gz", files)
    make_zip(in_tmp / "pets.zip", files)
    rows = [f"pets/{path},{path.partition('/')[0]}\n" for path in files]
    (in_tmp / "pets.csv").write_text("path,label\n" + "".join(rows))
    image_folder(in_tmp / "sets" / "eurosat" / "2750", {"Forest": 20, "River": 20}, "jpg")
    before = listing(in_tmp)
    code, output = inspect(*arguments)
    assert code == 0, output
    assert listing(in_tmp) == before
    assert scratch_folder() is None


def test_nothing_is_left_of_a_download(pets: Path, in_tmp: Path, tmp_path_factory: Any) -> None:
    files = {str(path.relative_to(pets)): path.read_bytes() for path in pets.rglob("*.png")}
    archive = make_tar(tmp_path_factory.mktemp("away") / "pets.tar.gz", files).read_bytes()
    before = listing(in_tmp)
    with http_server() as server:
        code, output = inspect(f"archive:{server.serve('pets.tar.gz', archive)}")
    assert code == 0, output
    assert listing(in_tmp) == before


def test_nothing_is_left_of_what_torchvision_downloads(
    pets: Path, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str, download_root: str, md5: str) -> None:
        image_folder(Path(download_root) / "2750", {"Forest": 20, "River": 20}, "jpg")

    monkeypatch.setattr(eurosat, "download_and_extract_archive", fetch)
    (in_tmp / "sets").mkdir()
    before = listing(in_tmp)
    for arguments in ([], ["--root", "sets"]):
        code, output = inspect("torchvision:EuroSAT", *arguments)
        assert code == 0, output
        assert "Classes  2: River 20, Forest 20" in output
        assert listing(in_tmp) == before


def test_a_copy_in_the_state_folder_is_used(
    pets: Path, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    state = in_tmp / ".constancy" / "torchvision" / "eurosat" / "2750"
    image_folder(state, {"Forest": 20, "River": 20}, "jpg")
    code, output = inspect("torchvision:EuroSAT")
    assert code == 0, output


def test_what_belongs_to_the_own_source_holds_for_no_other(pets: Path, in_tmp: Path) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    own, archive = "archive:pets.zip", make_zip(in_tmp / "pets.zip", {"a/1.png": encoded(0)})
    archive.with_name("other.zip").write_bytes(archive.read_bytes())
    for old, new in (
        ("source: digits", f"source: {own}"),
        (" sha256: null", f" sha256: {'a' * 64}"),
    ):
        assert old in text
        text = text.replace(old, new)
    Path("params.yaml").write_text(text)
    assert "data.sha256: pets.zip has the hash" in inspect(own)[1]
    assert inspect("archive:other.zip")[0] == 0
    assert inspect("folder:pets")[0] == 0
    assert "root is for torchvision's data sets only" in inspect(own, "--root", "sets")[1]
    # Here the two do not even belong together, which is no matter of the source in question.
    Path("params.yaml").write_text(text.replace("root: null", "root: sets"))
    image_folder(in_tmp / "sets" / "eurosat" / "2750", {"Forest": 20, "River": 20}, "jpg")
    code, output = inspect("torchvision:EuroSAT", "--root", "sets")
    assert code == 0, output
    assert "Width    10 pixels\n" in output


def test_a_mistake_in_params_is_told_as_one_there(pets: Path) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("fit: ", "fits: "))
    assert "params.yaml: unknown key 'data.image.fits'" in inspect("folder:pets")[1]


def test_the_page_goes_where_it_is_asked_for(pets: Path) -> None:
    code, _ = inspect("folder:pets", "--html", "page.html", "--json", "report.json")
    flagged = read_json(Path("report.json"))["flagged"]
    assert {"cat/again.png", "cat/bad.png"} <= {each.get("path") for each in flagged} | {
        each.get("other_path") for each in flagged
    }
    assert code == 0
    assert "exact_duplicates" in Path("page.html").read_text()


def test_a_folder_is_no_place_for_the_page_and_stays(pets: Path) -> None:
    code, output = inspect("folder:pets", "--html", "pets")
    assert code == 2
    assert "'pets' is a directory" in output
    assert len(list(pets.rglob("*.png"))) == 54


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("folder:nowhere", "data.source: there is no folder at nowhere"),
        ("pets", "'pets' is no source: use digits, folder:PATH"),
    ],
)
def test_what_cannot_be_inspected_is_told(pets: Path, source: str, message: str) -> None:
    code, output = inspect(source)
    assert code == 2
    assert message in output
