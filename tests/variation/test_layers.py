"""Foreign patches keep to the outside and to other classes; blocks hide exactly what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import split

from constancy.errors import UserError
from constancy.seeds import generator
from constancy.variation.layers import Block, Patch, Patches, hidden, strewn
from constancy.variation.scene import Donors, Scene

SIDES = st.integers(8, 64)


def plain_donors(labels: list[int], shape: tuple[int, int, int] = (32, 32, 1)) -> Donors:
    """Donors each of one value all over, 10 times its label and 1 more for each row."""
    images = np.stack([np.full(shape, 10 * label + row) for row, label in enumerate(labels)])
    return Donors.of(images.astype(np.uint8), np.array(labels))


@given(st.floats(0.001, 0.9), st.integers(0, 2**32), SIDES, SIDES)
def test_a_block_hides_its_share_of_the_image(
    area: float, seed: int, height: int, width: int
) -> None:
    scene = Scene((height, width, 1), 0, plain_donors([0, 1], (height, width, 1)))
    block = hidden(area, generator(seed), scene)
    pixels = block.height * block.width
    assert abs(pixels - area * height * width) <= (min(block.height, block.width) + 1) / 2
    assert 0 <= block.top <= block.top + block.height <= height
    assert 0 <= block.left <= block.left + block.width <= width


@pytest.mark.parametrize("area", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_blocks_of_the_default_strengths_are_nearly_exact(area: float) -> None:
    scene = Scene((32, 32, 1), 0, plain_donors([0, 1]))
    blocks = [hidden(area, generator(seed), scene) for seed in range(200)]
    shares = [block.height * block.width / 1024 for block in blocks]
    assert all(share == pytest.approx(area, rel=0.08) for share in shares)
    assert all(abs(block.height - block.width) <= 1 for block in blocks)


def test_blocks_stand_everywhere_and_are_of_all_three_kinds() -> None:
    donors = plain_donors([0] * 5 + [20])
    scene = Scene((32, 32, 1), 0, donors)
    covered = np.zeros((32, 32, 1), np.uint8)
    kinds = set()
    for seed in range(300):
        block = hidden(0.3, generator(seed), scene)
        Block(block.top, block.left, block.height, block.width, np.uint8(1)).apply(covered)
        if block.pixels is None:
            kinds.add("mean")
        else:
            kinds.add("foreign" if (block.pixels == 205).all() else "noise")
    assert covered.mean() > 0.98  # all but the very corners
    assert kinds == {"mean", "noise", "foreign"}


def test_nothing_outside_a_block_changes_and_its_mean_is_that_of_the_image() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    image[:, 5:] = (30, 100, 201)
    before = image.copy()
    Block(2, 3, 4, 5, None).apply(image)
    assert (image[2:6, 3:8] == (15, 50, 100)).all()
    image[2:6, 3:8] = before[2:6, 3:8]
    assert (image == before).all()


@given(st.integers(1, 8), st.integers(0, 2**32), SIDES, SIDES)
def test_patches_lie_in_the_image_and_outside_its_middle(
    count: int, seed: int, height: int, width: int
) -> None:
    donors = plain_donors([0, 1, 1, 2], (height, width, 3))
    scene = Scene((height, width, 3), 1, donors)
    patches = strewn(count, generator(seed), scene).patches
    assert len(patches) == count
    y, x = np.mgrid[:height, :width] + 0.5
    middle = ((y / height - 0.5) / 0.25) ** 2 + ((x / width - 0.5) / 0.25) ** 2 < 1
    for patch in patches:
        tall, wide = patch.pixels.shape[:2]
        assert (tall, wide) == (height // 4, width // 4)
        covered = np.zeros((height, width), bool)
        covered[patch.top : patch.top + tall, patch.left : patch.left + wide] = True
        assert covered.sum() == tall * wide
        assert not (covered & middle).any()


@given(st.integers(0, 2), st.integers(0, 2**32))
def test_patches_and_blocks_are_never_of_the_images_own_class(label: int, seed: int) -> None:
    scene = Scene((32, 32, 1), label, plain_donors([0, 1, 2, 2, 0]))
    for patch in strewn(3, generator(seed), scene).patches:
        assert int(patch.pixels[0, 0, 0]) // 10 != label
    block = hidden(0.2, generator(seed), scene)
    if block.pixels is not None and len(np.unique(block.pixels)) == 1:
        assert int(block.pixels[0, 0, 0]) // 10 != label


def test_every_image_of_other_classes_is_a_donor() -> None:
    donors = plain_donors([2, 0, 1, 0, 2, 1])
    places = np.linspace(0, 1, 100, endpoint=False)
    assert {int(donors.of_another_class(1, place)[0, 0, 0]) for place in places} == {20, 1, 3, 24}
    assert {int(donors.of_another_class(0, place)[0, 0, 0]) for place in places} == {20, 12, 24, 15}
    assert {int(donors.of_another_class(9, place)[0, 0, 0]) for place in places} == {
        20,
        1,
        12,
        3,
        24,
        15,
    }


def test_every_image_of_the_class_is_a_donor_of_controls() -> None:
    donors = plain_donors([2, 0, 1, 0, 2, 1])
    places = np.linspace(0, 1, 100, endpoint=False)
    assert {int(donors.of_the_class(0, place)[0, 0, 0]) for place in places} == {1, 3}
    assert {int(donors.of_the_class(2, place)[0, 0, 0]) for place in places} == {20, 24}


def test_the_control_of_a_block_is_its_edges() -> None:
    scene = Scene((32, 32, 1), 0, plain_donors([0, 1]))
    for seed in range(20):
        block = hidden(0.1, generator(seed), scene)
        image = np.full((32, 32, 1), 200, np.uint8)
        whole, edges = image.copy(), image.copy()
        block.apply(whole)
        block.apply_control(edges)
        changed = np.zeros((32, 32), bool)
        changed[block.top : block.top + block.height, block.left : block.left + block.width] = True
        changed[
            block.top + 1 : block.top + block.height - 1,
            block.left + 1 : block.left + block.width - 1,
        ] = False
        assert (edges[changed] == whole[changed]).all()
        assert (edges[~changed] == 200).all()


@pytest.mark.parametrize("seed", range(30))
def test_a_larger_block_shows_the_same_and_more_of_it(seed: int) -> None:
    others = split(6, (32, 32, 1))
    scene = Scene((32, 32, 1), 0, Donors.of(others.images, others.labels))
    small, large = (hidden(area, generator(seed), scene) for area in (0.1, 0.4))
    assert small.top >= large.top
    assert small.left >= large.left
    if small.pixels is None or large.pixels is None:
        assert small.pixels is large.pixels
        return
    top, left = small.top - large.top, small.left - large.left
    there = large.pixels[top : top + small.height, left : left + small.width]
    assert (there == small.pixels).all()


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (2, 3, 1), (3, 3, 3), (6, 6, 1), (5, 40, 3), (8, 8, 1)]
)
def test_the_smallest_pictures_have_room_too(shape: tuple[int, int, int]) -> None:
    scene = Scene(shape, 0, plain_donors([0, 1, 2], shape))
    image = np.full(shape, 200, np.uint8)
    strewn(6, generator(0), scene).apply(image)
    assert (image != 200).any()
    hidden(0.3, generator(0), scene).apply(image)


def test_more_patches_are_the_same_ones_and_more() -> None:
    scene = Scene((32, 32, 1), 0, plain_donors([0, 1, 2]))
    few, many = (strewn(count, generator(5), scene).patches for count in (2, 6))
    assert [(patch.top, patch.left) for patch in many[:2]] == [(p.top, p.left) for p in few]


def test_patches_have_soft_edges_and_change_nothing_beside_them() -> None:
    image = np.zeros((32, 32, 1), np.uint8)
    Patches((Patch(4, 20, np.full((8, 8, 1), 200, np.uint8)),)).apply(image)
    patch = image[4:12, 20:28, 0]
    assert (patch[1:-1, 1:-1] == 200).all()
    assert (patch[0, 1:-1] == 100).all()
    assert patch[0, 0] == 50
    assert image.sum() == patch.sum()


def test_donors_of_another_size_are_fitted() -> None:
    donors = plain_donors([0, 1], (8, 8, 3))
    assert Scene((40, 20, 3), 0, donors).foreign(0.5).shape == (40, 20, 3)


def test_a_split_of_one_class_has_no_foreign_objects() -> None:
    scene = Scene((32, 32, 1), 0, plain_donors([0, 0]))
    with pytest.raises(UserError, match="at least two classes"):
        strewn(1, generator(0), scene)


def test_foreign_objects_need_donors() -> None:
    with pytest.raises(ValueError, match="donors"):
        strewn(1, generator(0), Scene((32, 32, 1), 0))
