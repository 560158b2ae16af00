"""An image's split hangs on its own key alone."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from constancy.data.splits import assign_splits
from constancy.settings.data import Split

SPLIT = Split(validation=0.15, test=0.2)
keys = st.lists(st.text(alphabet="0123456789abcdef", min_size=1, max_size=16), max_size=30)


@given(old=keys, added=keys)
def test_adding_images_never_moves_an_old_one(old: list[str], added: list[str]) -> None:
    before = assign_splits(old, [None] * len(old), SPLIT)
    mixed = added + old
    assert assign_splits(mixed, [None] * len(mixed), SPLIT)[len(added) :] == before


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
    small = assign_splits(some, none, Split(validation=0.1, test=0.1))
    large = assign_splits(some, none, Split(validation=0.1, test=0.3))
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
