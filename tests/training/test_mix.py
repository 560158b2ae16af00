"""An epoch shows every image once, as the weights say, and hangs on the seed and its number alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.training.mix import UNTOUCHED, AdaptiveMix, draw_epoch

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


def after(mix: AdaptiveMix, epochs: int, **accuracies: float) -> AdaptiveMix:
    """The mix after so many validations with these accuracies."""
    metrics = {f"validation_{kind}": np.float64(value) for kind, value in accuracies.items()}
    trainer = SimpleNamespace(callback_metrics=metrics, loggers=[], global_step=0)
    for _ in range(epochs):
        mix.on_validation_end(trainer, None)  # type: ignore[arg-type]
    return mix


@given(
    st.lists(
        st.fixed_dictionaries(
            {kind: st.floats(0, 1) for kind in ("scale", "clutter", "occlusion")}
        ),
        max_size=8,
    )
)
def test_adaptive_weights_are_shares_and_nothing_is_ever_forgotten(epochs: list[dict]) -> None:
    mix = AdaptiveMix(["scale", "clutter", "occlusion"])
    for accuracies in epochs:
        after(mix, 1, **accuracies)
    assert list(mix.weights) == [UNTOUCHED, "scale", "clutter", "occlusion"]
    assert sum(mix.weights.values()) == pytest.approx(1)
    assert min(mix.weights.values()) > 0.02


def test_at_first_all_kinds_of_copies_are_alike_and_then_the_weak_ones_are_more() -> None:
    mix = AdaptiveMix(["scale", "clutter", "occlusion"])
    first = mix.weights
    assert first["scale"] == first["clutter"] == first["occlusion"]
    weights = after(mix, 20, scale=0.99, clutter=0.95, occlusion=0.75).weights
    assert weights["occlusion"] > weights["clutter"] > weights["scale"]
    assert weights[UNTOUCHED] == first[UNTOUCHED]
    turned = after(mix, 20, scale=0.7, clutter=0.95, occlusion=0.99).weights
    assert turned["scale"] > turned["clutter"] > turned["occlusion"]


def test_one_bad_epoch_moves_weights_less_than_many() -> None:
    steady = {"scale": 0.9, "occlusion": 0.9}
    odd = {"scale": 0.9, "occlusion": 0.2}
    once, often = (
        after(after(AdaptiveMix(["scale", "occlusion"]), 30, **steady), epochs, **odd).weights
        for epochs in (1, 10)
    )
    # 0.1 + 0.3 (0.8 - 0.1) is the smoothed error; a tenth of the weights is the same for both.
    assert once["occlusion"] / 0.85 == pytest.approx(0.05 + 0.9 * 0.31 / 0.41, rel=0.01)
    assert often["occlusion"] > once["occlusion"]


def test_a_mix_goes_on_from_its_saved_state() -> None:
    accuracies = {"scale": 0.9, "occlusion": 0.5}
    one = after(AdaptiveMix(["scale", "occlusion"]), 3, **accuracies)
    two = AdaptiveMix(["scale", "occlusion"])
    two.load_state_dict(one.state_dict())
    assert after(two, 1, **accuracies).weights == after(one, 1, **accuracies).weights


def test_without_any_error_all_kinds_of_copies_are_alike_again() -> None:
    mix = AdaptiveMix(["scale", "occlusion"])
    mix.load_state_dict({"scale": 0.0, "occlusion": 0.0})
    assert mix.weights["scale"] == mix.weights["occlusion"] > 0.3
