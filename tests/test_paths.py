"""What a user names, as a path."""

from pathlib import Path

import pytest

from constancy.errors import UserError
from constancy.paths import in_project


def test_places_are_relative_to_the_project(in_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert in_project("images") == in_tmp / "images"
    assert in_project("/images") == Path("/images")
    assert in_project("~/images") == Path("/home/ann/images")


def test_the_home_of_nobody_is_told() -> None:
    with pytest.raises(UserError, match="~no-such-user/x: this machine knows no home folder ~no-"):
        in_project("~no-such-user/x")
