"""A source is reported on without anything being changed."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from images import encoded, image_folder
from project import REPOSITORY

from constancy.cli import main


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


def test_nothing_is_left_behind(pets: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    inspect("folder:pets")
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def test_the_page_goes_where_it_is_asked_for(pets: Path) -> None:
    code, _ = inspect("folder:pets", "--html", "page.html")
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
