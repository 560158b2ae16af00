"""An image's split hangs on its own key alone."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.data.splits import assign_splits, find_groups
from constancy.errors import UserError
from constancy.settings.data import Split

ALONE = {"group_by": None, "folds": None, "fold": 0}
SPLIT = Split(validation=0.15, test=0.2, **ALONE)
keys = st.lists(st.text(alphabet="0123456789abcdef", min_size=1, max_size=16), max_size=30)


@given(old=keys, added=keys)
def test_adding_images_never_moves_an_old_one(old: list[str], added: list[str]) -> None:
    before = assign_splits(old, [None] * len(old), SPLIT)
    mixed = added + old
    assert assign_splits(mixed, [None] * len(mixed), SPLIT)[len(added) :] == before


@given(keys, st.sampled_from(["train", "validation", "test"]))
def test_adding_images_that_name_their_split_moves_none_of_the_others(
    old: list[str], name: str
) -> None:
    before = assign_splits(old, [None] * len(old), SPLIT)
    after = assign_splits([*old, "new"], [*[None] * len(old), name], SPLIT)
    assert after[:-1] == before


@given(keys)
def test_what_shares_a_key_shares_a_split(some: list[str]) -> None:
    splits = assign_splits(some + some, [None] * (2 * len(some)), SPLIT)
    assert splits[: len(some)] == splits[len(some) :]


def test_shares_are_kept_about() -> None:
    some = [f"{number:x}" for number in range(20_000)]
    counts = Counter(assign_splits(some, [None] * len(some), SPLIT))
    # Four standard deviations of a binomial count.
    assert abs(counts["test"] - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
    assert abs(counts["validation"] - 3000) < 4 * (20_000 * 0.15 * 0.85) ** 0.5


def test_a_larger_test_share_keeps_the_old_test_images() -> None:
    some = [f"{number:x}" for number in range(1000)]
    none = [None] * len(some)
    small = assign_splits(some, none, Split(validation=0.1, test=0.1, **ALONE))
    large = assign_splits(some, none, Split(validation=0.1, test=0.3, **ALONE))
    assert all(b == "test" for a, b in zip(small, large, strict=True) if a == "test")


def test_preset_splits_are_kept_and_missing_ones_taken_from_training() -> None:
    some = [f"{number:x}" for number in range(3000)]
    preset: list[str | None] = ["train"] * 2000 + ["test"] * 1000
    splits = assign_splits(some, preset, SPLIT)
    assert splits[2000:] == ["test"] * 1000
    assert set(splits[:2000]) == {"train", "validation"}
    assert 220 < splits.count("validation") < 380


def test_a_source_with_all_splits_is_left_as_it_is() -> None:
    preset: list[str | None] = ["train", "validation", "test"] * 100
    assert assign_splits([str(n) for n in range(300)], preset, SPLIT) == preset


def folds(count: int, fold: int) -> Split:
    return Split(validation=0.15, test=0.2, group_by=None, folds=count, fold=fold)


@given(keys, keys, st.integers(2, 10))
def test_every_image_tests_in_one_fold_alone_wherever_others_are_added(
    old: list[str], added: list[str], count: int
) -> None:
    tests = Counter()
    for fold in range(count):
        splits = assign_splits(added + old, [None] * len(added + old), folds(count, fold))
        assert splits[len(added) :] == assign_splits(old, [None] * len(old), folds(count, fold))
        tests.update(place for place, name in enumerate(splits) if name == "test")
    assert all(tests[place] == 1 for place in range(len(added + old)))


def test_folds_are_of_one_size_about_and_validate_on_the_share_that_is_asked_for() -> None:
    some = [f"{number:x}" for number in range(20_000)]
    for fold in range(5):
        counts = Counter(assign_splits(some, [None] * len(some), folds(5, fold)))
        assert abs(counts["test"] - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
        assert abs(counts["validation"] - 3000) < 4 * (20_000 * 0.15 * 0.85) ** 0.5


def test_folds_of_a_source_that_has_a_test_split_are_refused() -> None:
    with pytest.raises(UserError, match=r"data.split.folds: the source has a test split"):
        assign_splits(["a", "b"], ["train", "test"], folds(5, 0))


def test_each_class_is_split_in_the_same_shares_up_to_chance() -> None:
    for label in range(20):
        some = [f"{label}-{number}" for number in range(2000)]
        counts = Counter(assign_splits(some, [None] * len(some), SPLIT))
        # Five standard deviations, since twenty classes are looked at.
        assert abs(counts["test"] - 400) < 5 * (2000 * 0.2 * 0.8) ** 0.5


@pytest.mark.parametrize(
    ("expression", "groups"),
    [
        (r"IMG_(\d+)\d\.", ["111", "111", "112"]),
        (r"IMG_\d{3}", ["IMG_111", "IMG_111", "IMG_112"]),
        (r"(\w)/IMG_(\d{3})", ["a/111", "b/111", "a/112"]),
    ],
)
def test_what_an_expression_finds_in_the_path_is_the_group(
    expression: str, groups: list[str]
) -> None:
    paths = ["x/a/IMG_1118.JPG", "x/b/IMG_1119.JPG", "x/a/IMG_1120.JPG"]
    assert find_groups(paths, expression) == groups


def test_a_path_in_which_no_group_is_found_is_told() -> None:
    with pytest.raises(UserError, match=r"data.split.group_by: nothing in the path b/x.png"):
        find_groups(["a/1.png", "b/x.png"], r"\d")
    with pytest.raises(UserError, match=r"nothing in the path b/x.png"):
        find_groups(["b/x.png"], r"(\d*)")
