"""Which images train, validate and test: decided by each image's own key, so nothing ever moves."""

import hashlib
from collections.abc import Sequence

from constancy.settings.data import Split


def assign_splits(keys: Sequence[str], preset: Sequence[str | None], split: Split) -> list[str]:
    """The split of each image.

    keys: an image's group, or else its id: what shares a key shares a split; preset: the split that
    the source itself names, or None.

    A key is hashed to a position in [0, 1); the first `split.test` of that range is the test split,
    the next `split.validation` the validation split. So an image stays where it is when others are
    added, and the same bytes twice never straddle two splits. A preset split is kept; splits that
    the source does not name are taken from its training images, in the same way.
    """
    named = {name for name in preset if name is not None}
    return [
        name if name not in (None, "train") else _place(key, split, taken=named - {"train"})
        for key, name in zip(keys, preset, strict=True)
    ]


def _place(key: str, split: Split, taken: set[str]) -> str:
    position = _position(key)
    edge = 0.0
    for name, share in (("test", split.test), ("validation", split.validation)):
        if name not in taken:
            edge += share
            if position < edge:
                return name
    return "train"


def _position(key: str) -> float:
    digest = hashlib.sha256(f"split {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
