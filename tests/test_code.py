"""What code runs is found by following its imports."""

from pathlib import Path

from constancy.code import PACKAGE, code_digest, own_files


def names(files: list[Path]) -> set[str]:
    return {file.relative_to(PACKAGE).as_posix() for file in files}


def test_imports_are_followed_through_packages_and_into_functions(tmp_path: Path) -> None:
    start = tmp_path / "start.py"
    start.write_text(
        "import os\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from constancy.cli import main\n"
        "def work():\n    from constancy.data import reading\n    import constancy.seeds\n"
    )
    assert names(own_files(start)) == {
        "__init__.py",
        "data/__init__.py",
        "data/reading.py",
        "seeds.py",
    }


def test_a_file_of_the_package_is_among_its_own() -> None:
    assert "models/disk.py" in names(own_files(PACKAGE / "serving" / "pyfunc.py"))
    assert "serving/pyfunc.py" in names(own_files(PACKAGE / "serving" / "pyfunc.py"))
    assert "training/fit.py" not in names(own_files(PACKAGE / "serving" / "pyfunc.py"))


def test_a_digest_hangs_on_names_and_contents() -> None:
    one, two = PACKAGE / "seeds.py", PACKAGE / "errors.py"
    assert code_digest([one]) != code_digest([two])
    assert code_digest([one, two]) == code_digest([one, two])
