"""Which images train, validate and test: decided by each image's own key, so nothing ever moves."""

import hashlib
import re
import sys
from collections.abc import Iterable, Sequence

from constancy.errors import UserError
from constancy.settings.data import Split


def find_groups(paths: Iterable[str], group_by: str) -> list[str]:
    """The group of each image: what the expression `group_by` finds in its path.

    Where the expression has groups, what they matched counts, else the whole match. Raises
    UserError for a path in which nothing matches: an image without a group would be one of its own.
    """
    expression = re.compile(group_by)
    groups: list[str] = []
    for path in paths:
        found = expression.search(path)
        group = found and ("/".join(part or "" for part in found.groups()) or found.group())
        if not group:
            raise UserError(
                f"data.split.group_by: nothing in the path {path} matches '{group_by}': "
                "correct the expression, so that it finds the group in every path"
            )
        groups.append(sys.intern(group))  # one object for many images
    return groups


def assign_splits(keys: Iterable[str], preset: Sequence[str | None], split: Split) -> list[str]:
    """The split of each image.

    keys: an image's group, or else its id: what shares a key shares a split; preset: the split that
    the source itself names, or None.

    A key is hashed to a position in [0, 1); the first `split.test` of that range is the test split,
    the next `split.validation` the validation split. So an image stays where it is when others are
    added, and the same bytes twice never straddle two splits. Each class is split in the same
    shares, up to chance: whatever would make the shares exact (ranks within a class, say) would
    move images when others are added. A preset split is kept; splits that the source does not name
    are taken from those that it names for training, in the same way.

    With `split.folds` the test split is one of as many equal parts of the range; the validation
    split comes from the rest, by a second hash. Raises UserError if the source has a test split.
    """
    named = {name for name in preset if name is not None}
    if split.folds and "test" in named:
        raise UserError(
            "data.split.folds: the source has a test split of its own: set folds to null"
        )
    place = _place_in_fold if split.folds else _place
    # What no split is named for follows the hash alone, so that named images beside it move nothing.
    taken: dict[str | None, set[str]] = {None: set(), "train": named - {"train"}}
    return [
        place(key, split, taken[name]) if name in taken else str(name)
        for key, name in zip(keys, preset, strict=True)
    ]


def _place(key: str, split: Split, taken: set[str]) -> str:
    position = _position("split", key)
    edge = 0.0
    for name, share in (("test", split.test), ("validation", split.validation)):
        if name not in taken:
            edge += share
            if position < edge:
                return name
    return "train"


def _place_in_fold(key: str, split: Split, taken: set[str]) -> str:
    assert split.folds
    if int(_position("split", key) * split.folds) == split.fold:
        return "test"
    of_the_rest = split.validation / (1 - 1 / split.folds)
    validates = "validation" not in taken and _position("validation", key) < of_the_rest
    return "validation" if validates else "train"


def _position(purpose: str, key: str) -> float:
    digest = hashlib.sha256(f"{purpose} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
