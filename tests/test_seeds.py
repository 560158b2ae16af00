"""Every draw hangs on the seed and its purpose, and on nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from constancy.seeds import derive_seed, generator


def test_the_same_purpose_gives_the_same_draws_whatever_the_global_state() -> None:
    first = generator(1, "copies", "ab").random(4)
    np.random.seed(7)
    assert (first == generator(1, "copies", "ab").random(4)).all()


def test_seeds_are_the_same_on_every_machine() -> None:
    assert derive_seed(0, "weights") == 863023461364182508


@given(st.integers(0, 2**32 - 1), st.text(max_size=8), st.text(max_size=8))
def test_other_purposes_give_other_seeds(seed: int, one: str, other: str) -> None:
    assert 0 <= derive_seed(seed, one) < 2**63
    assert (derive_seed(seed, one) == derive_seed(seed, other)) == (one == other)
    assert derive_seed(seed, one) != derive_seed(seed + 1, one)
