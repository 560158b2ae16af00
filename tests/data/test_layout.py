"""Folders say which class and split an image belongs to."""

import pytest

from constancy.data.layout import Place, find_layout, skip_reason
from constancy.errors import UserError


@pytest.mark.parametrize(
    ("paths", "places"),
    [
        (["cat/1.png", "dog/2.png"], [("cat", None), ("dog", None)]),
        (["pets/cat/1.png", "pets/dog/2.png"], [("cat", None), ("dog", None)]),
        (["a/b/cat/1.png", "a/b/dog/2.png"], [("cat", None), ("dog", None)]),
        (["cat/1.png", "dog/far/below/2.png"], [("cat", None), ("dog", None)]),
        (["train/cat/1.png", "test/cat/2.png"], [("cat", "train"), ("cat", "test")]),
        (["set/Train/cat/1.png", "set/val/dog/2.png"], [("cat", "train"), ("dog", "validation")]),
        (["train/cat/1.png", "train/dog/2.png"], [("cat", None), ("dog", None)]),
        (["cat/1.png", "dog/2.png", "stray.png"], [("cat", None), ("dog", None), None]),
        (
            ["train/cat/1.png", "test/dog/2.png", "test/3.png"],
            [("cat", "train"), ("dog", "test"), None],
        ),
        (["train/1.png", "cat/2.png"], [("train", None), ("cat", None)]),
        (["only/1.png"], [("only", None)]),
        (["stray.png"], [None]),
        (
            ["pets/cover.png", "pets/cat/1.png", "pets/dog/2.png"],
            [None, ("cat", None), ("dog", None)],
        ),
        (["cat/1.png", "cat/old/2.png"], [("cat", None), ("cat", None)]),
    ],
)
def test_paths_show_classes_and_splits(
    paths: list[str], places: list[tuple[str, str | None] | None]
) -> None:
    layout = find_layout(paths)
    expected = [place and Place(*place) for place in places]
    assert [layout.place(path) for path in paths] == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("cat/1.JPG", None),
        ("cat/1.txt", "no image by its name"),
        ("cat/.hidden.png", "hidden file"),
        (".git/cat/1.png", "hidden file"),
        ("__MACOSX/cat/1.png", "hidden file"),
        ("cat/.DS_Store", "hidden file"),
        ("cat/jpg", "no image by its name"),
    ],
)
def test_files_that_are_no_images_by_their_names_are_passed_over(
    path: str, reason: str | None
) -> None:
    assert skip_reason(path) == reason


def test_a_folder_beside_splits_that_is_none_is_told() -> None:
    paths = [f"{top}/{label}/1.png" for top in ("train", "test", "extra") for label in "ab"]
    with pytest.raises(UserError, match=r"'test' holds class folders, .* but 'extra' beside it"):
        find_layout(paths)


def test_a_class_may_be_called_test() -> None:
    assert not find_layout(["test/1.png", "train/1.png", "bus/1.png"]).splits
