"""An epoch shows every image once, as the weights say, and hangs on the seed and its number alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from constancy.training.mix import UNTOUCHED, draw_epoch

kinds = st.dictionaries(
    st.sampled_from(["viewpoint", "scale", "combined"]),
    st.tuples(st.floats(0.01, 10), st.integers(1, 6)),
    min_size=1,
)


@given(images=st.integers(1, 300), kinds=kinds, seed=st.integers(0, 9), epoch=st.integers(0, 99))
def test_every_image_is_seen_once_as_a_copy_that_exists(
    images: int, kinds: dict[str, tuple[float, int]], seed: int, epoch: int
) -> None:
    weights = {UNTOUCHED: 1.0} | {kind: weight for kind, (weight, _) in kinds.items()}
    copies = {UNTOUCHED: 1} | {kind: count for kind, (_, count) in kinds.items()}
    drawn = draw_epoch(images, weights, copies, seed=seed, epoch=epoch)
    again = draw_epoch(images, weights, copies, seed=seed, epoch=epoch)
    assert sorted(drawn.rows) == list(range(images))
    limits = np.array(list(copies.values()))[drawn.kinds]
    assert (drawn.copies >= 0).all()
    assert (drawn.copies < limits).all()
    for one, other in zip(vars(drawn).values(), vars(again).values(), strict=True):
        assert (one == other).all()


def test_shares_follow_the_weights() -> None:
    weights = {UNTOUCHED: 1.0, "scale": 3.0}
    drawn = draw_epoch(40_000, weights, {"scale": 2}, seed=0, epoch=0)
    scale = drawn.kinds == 1
    # Four standard deviations of a binomial count.
    assert abs(scale.sum() - 30_000) < 4 * (40_000 * 0.75 * 0.25) ** 0.5
    assert abs(drawn.copies[scale].mean() - 0.5) < 4 * 0.5 / 30_000**0.5


def test_epochs_differ() -> None:
    one, two = (draw_epoch(50, {UNTOUCHED: 1.0}, {}, seed=0, epoch=epoch) for epoch in (0, 1))
    assert (one.rows != two.rows).any()
