"""Shifts and mirrorings move whole images, and nothing else."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from constancy.training.jitter import _copied, _gathered, jitter

IMAGES = torch.randint(0, 256, (64, 9, 7, 3), dtype=torch.uint8)


def shifted(image: torch.Tensor, down: int, right: int) -> torch.Tensor:
    rows = (torch.arange(image.shape[0]) + down).clamp(0, image.shape[0] - 1)
    columns = (torch.arange(image.shape[1]) + right).clamp(0, image.shape[1] - 1)
    return image[rows][:, columns]


@pytest.mark.parametrize("flip", [False, True])
def test_each_image_is_moved_as_a_whole(flip: bool) -> None:
    torch.manual_seed(0)
    moved = jitter(IMAGES, shift=2, flip=flip)
    assert moved.dtype == torch.uint8
    found = set()
    for before, after in zip(IMAGES, moved, strict=True):
        matches = {
            (down, right, mirrored)
            for down in range(-2, 3)
            for right in range(-2, 3)
            for mirrored in {False, flip}
            if torch.equal(
                shifted(before, down, right).flip(1) if mirrored else shifted(before, down, right),
                after,
            )
        }
        assert matches
        found |= matches
    assert {down for down, _, _ in found} == {right for _, right, _ in found} == set(range(-2, 3))
    assert {mirrored for _, _, mirrored in found} == {False, flip}


@given(
    st.tuples(*[st.integers(1, 9)] * 3, st.sampled_from([1, 3])),
    st.integers(0, 3),
    st.booleans(),
    st.integers(0, 99),
)
def test_on_a_cpu_and_elsewhere_the_same_images_come_out(
    shape: tuple[int, ...], shift: int, flip: bool, seed: int
) -> None:
    assume(shift < min(shape[1:3]))
    torch.manual_seed(seed)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    down, right = torch.randint(-shift, shift + 1, (2, shape[0]))
    mirrored = torch.rand(shape[0]) < 0.5 * flip
    draws = (down, right, mirrored)
    assert torch.equal(_copied(images, *draws), _gathered(images, *draws))


def test_nothing_to_do_is_nothing_done() -> None:
    assert jitter(IMAGES, shift=0, flip=False) is IMAGES


def test_draws_hang_on_the_current_seed() -> None:
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(jitter(IMAGES, shift=2, flip=True))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
