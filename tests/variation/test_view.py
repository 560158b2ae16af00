"""One view: pieces composed, one sampling, nothing repeated at the border, nothing aliased."""

import cv2
import numpy as np
import pytest
from pictures import lighting, picture
from PIL import Image

from constancy.seeds import generator
from constancy.variation.geometry import bent, displacement_of_each, pixel_grid, resized, turned
from constancy.variation.layers import Block
from constancy.variation.view import View, border_colors

BLACK = np.zeros(1, np.uint8)


def shrunk(image: np.ndarray, size: float) -> np.ndarray:
    view = View.of([resized(size, *image.shape[:2])])
    return view.apply(image, border_colors(image[None])[0])


def test_a_view_through_nothing_is_a_copy() -> None:
    image = picture(0)
    after = View.of([None]).apply(image, BLACK)
    assert (after == image).all()
    assert not np.shares_memory(after, image)


def test_composed_geometry_is_one_map_after_the_other() -> None:
    bend, size, camera = (
        bent(3, 3, generator(0), 40, 60),
        resized(0.7, 40, 60),
        turned(25, 1, 9, 40, 60),
    )
    grid = pixel_grid(40, 60)
    composed = View.of([size, bend, camera]).sources(40, 60)
    (moved,) = displacement_of_each([bend])
    by_hand = moved.sources(size.sources(camera.sources(grid)))
    assert composed == pytest.approx(by_hand, abs=1e-3)
    # And back: where the object goes, first bent, then resized, then seen by the camera.
    points = np.array([[[20, 15], [35, 30]]], np.float32)
    forward = camera.targets(size.targets(moved.targets(points)))
    assert View.of([bend, size, camera]).targets(points[0]) == pytest.approx(forward[0], abs=1e-3)


def test_the_order_of_different_pieces_does_not_matter() -> None:
    image = picture(1)
    pieces = [
        lighting(image.shape, gamma=2),
        bent(2, 2, generator(1), 32, 32),
        turned(20, 0, 5, 32, 32),
    ]
    pieces.append(Block(3, 4, 10, 8, None))
    first = View.of(pieces).apply(image, BLACK)
    assert (View.of(pieces[::-1]).apply(image, BLACK) == first).all()


def test_one_sampling_is_sharper_than_two() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    pieces = [turned(15, 0.5, 5, 64, 64), bent(1, 1, generator(0), 64, 64)]
    once = View.of(pieces).apply(image, BLACK)
    twice = View.of(pieces[1:]).apply(View.of(pieces[:1]).apply(image, BLACK), BLACK)
    assert once[8:-8, 8:-8].std() > 1.1 * twice[8:-8, 8:-8].std()


@pytest.mark.parametrize("row", [0, 5, 15])
def test_a_dot_shrinks_to_one_dot(row: int) -> None:
    image = np.zeros((32, 32, 1), np.uint8)
    image[row : row + 2, 10:12] = 255
    after = shrunk(image, 0.5)
    count, _ = cv2.connectedComponents((after > 8).astype(np.uint8))
    assert count == 2  # the ground and the dot
    assert after.sum() == pytest.approx(image.sum() / 4, rel=0.3)


def test_beyond_the_border_lies_the_color_of_the_edge() -> None:
    image = np.full((40, 40, 3), (10, 200, 90), np.uint8)
    image[8:32, 8:32] = (250, 0, 0)
    after = shrunk(image, 0.5)
    assert (after[:10] == (10, 200, 90)).all()
    assert (after[20, 20] == (250, 0, 0)).all()


@pytest.mark.parametrize("size", [0.25, 0.5])
def test_shrinking_averages_as_reference_libraries_do(size: float) -> None:
    """A step of whole pixels, so that the same pixels come out: 64 x 64 to 32 x 32 or 16 x 16."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    side = int(64 * size)
    start = (64 - side) // 2
    for image, limit in ((noise, 8.0), (smooth, 1.5)):
        ours = shrunk(image[:, :, None], size)[start : start + side, start : start + side, 0]
        pillow = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))
        area = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        inner = np.s_[2:-2, 2:-2]
        assert np.abs(ours[inner].astype(int) - pillow[inner]).mean() < limit
        assert np.abs(ours[inner].astype(int) - area[inner]).mean() < 3 * limit


def test_detail_too_fine_for_the_smaller_picture_does_not_turn_into_a_pattern() -> None:
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)[:, :, None]
    unfiltered = cv2.remap(
        checks,
        resized(0.6, 64, 64).sources(pixel_grid(64, 64)),
        None,
        cv2.INTER_LINEAR,
    )
    inner = np.s_[20:44, 20:44]
    assert unfiltered[inner].std() > 40
    assert shrunk(checks, 0.6)[inner].std() < 12


def test_border_colors_are_the_medians_of_the_edges() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 7, 9, 3), dtype=np.uint8)
    for image, color in zip(images, border_colors(images), strict=True):
        edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert (color == np.median(edge, axis=0).astype(np.uint8)).all()


def test_what_lies_beyond_the_border_is_known() -> None:
    image = np.full((40, 60, 1), 255, np.uint8)
    for pieces in ([], [resized(0.5, 40, 60)], [turned(30, 1, 15, 40, 60)], [resized(2, 40, 60)]):
        view = View.of(pieces)
        beyond = view.beyond(40, 60)
        seen = view.apply(image, BLACK)[:, :, 0]
        assert (seen[beyond] < 128).all()
        assert (seen[~beyond] >= 127).all()
    assert not beyond.any()


def test_the_block_in_front_is_not_lit() -> None:
    image = np.full((16, 16, 1), 100, np.uint8)
    block = Block(0, 0, 16, 16, np.full((16, 16, 1), 77, np.uint8))
    assert (View.of([block, lighting(image.shape, gamma=3)]).apply(image, BLACK) == 77).all()


@pytest.mark.parametrize("shape", [(32, 32, 1), (96, 80, 3), (180, 170, 1)])
def test_views_worked_out_together_are_those_worked_out_alone(shape: tuple[int, int, int]) -> None:
    """Some are several blocks; one in three is not bent, and one in two not lit."""
    height, width, _ = shape
    count = min(70, 3 * 2**16 // (height * width) + 2)
    drawn = []
    for seed in range(count):
        pieces = [turned(seed % 30, seed, 5, height, width)]
        if seed % 3:
            # The stronger half would fold, and is smoothed until it does not.
            pieces.append(bent(2, 2 if seed % 2 else 15, generator(seed), height, width))
        if seed % 2:
            pieces.append(lighting(shape, seed, gamma=0.5, mired=seed % 90, uneven=0.3, metered=1))
        drawn.append(pieces)
    image = picture(0, shape)
    border = border_colors(image[None])[0]
    together = [view.apply(image, border) for view in View.of_each(iter(drawn), shape)]
    alone = [View.of(pieces).apply(image, border) for pieces in drawn]
    assert len(together) == count
    assert all((ours == theirs).all() for ours, theirs in zip(together, alone, strict=True))


def test_what_is_no_piece_is_refused() -> None:
    (moved,) = displacement_of_each([bent(2, 2, generator(0), 16, 16)])
    with pytest.raises(TypeError, match="Displacement is no piece of a view"):
        View.of([moved])
