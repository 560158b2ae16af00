"""Perceptual hashes propose pairs, pixels confirm them."""

from itertools import combinations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import pixels
from PIL import Image

from constancy.data.duplicates import (
    MOST_PAIRS,
    near_pairs,
    perceptual_hashes,
    pixel_moments,
    stand_ins,
)


def smooth(number: int, shape: tuple[int, ...] = (32, 32, 1)) -> np.ndarray:
    """A smooth picture, unlike those of other numbers."""
    coarse = Image.fromarray(pixels(number, (6, 6, 3)))
    fine = np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return fine if shape[2] == 3 else fine[:, :, :1]


def test_the_hash_is_the_one_of_imagehash() -> None:
    images = np.stack([smooth(number) for number in range(50)])
    theirs = [imagehash.phash(Image.fromarray(image[:, :, 0])).hash for image in images]
    ours = np.unpackbits(perceptual_hashes(images).byteswap().view(np.uint8).reshape(-1, 8), axis=1)
    assert (ours.reshape(-1, 8, 8) == np.stack(theirs)).all()


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (100, 100, 1), (224, 224, 3)])
def test_a_hash_survives_another_encoding_and_tells_pictures_apart(shape: tuple[int, ...]) -> None:
    images = np.stack([smooth(number, shape) for number in range(40)])
    noise = np.random.default_rng(0).integers(-2, 3, images.shape)
    again = perceptual_hashes((images + noise).clip(0, 255).astype(np.uint8))
    hashes = perceptual_hashes(images)
    assert np.bitwise_count(hashes ^ again).mean() < 4
    others = [np.bitwise_count(one ^ other) for one, other in combinations(hashes, 2)]
    assert np.mean(others) > 20


@given(st.lists(st.integers(0, 2**12 - 1), max_size=40), st.integers(0, 4), st.integers(0, 52))
def test_every_pair_within_the_distance_is_found_and_no_other(
    numbers: list[int], bits: int, shift: int
) -> None:
    hashes = np.array([number << shift for number in numbers], np.uint64)
    expected = [
        (i, j)
        for i, j in combinations(range(len(hashes)), 2)
        if (int(hashes[i]) ^ int(hashes[j])).bit_count() <= bits
    ]
    alike = np.zeros((len(hashes), 2), np.float32)
    found = [tuple(pair) for pair in near_pairs(hashes, alike, bits, 0).tolist()]
    assert found == expected


def differing(*shares: float) -> np.ndarray:
    """Images of one contrast; each differs by so much of it from the first, and so on."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 40, (64, 64, 1))
    others = [first + share * rng.normal(0, 40, first.shape) for share in shares]
    return (128 + np.stack([first, *others])).clip(0, 255).astype(np.uint8)


def found_among(images: np.ndarray, pairs: np.ndarray, difference: float) -> list[list[int]]:
    moments = pixel_moments(images)
    pixels_of = images.__getitem__
    return stand_ins(pairs, pixels_of, images.shape[1:], moments, difference).tolist()


def all_pairs(count: int) -> np.ndarray:
    return np.array(list(combinations(range(count), 2)))


def test_pixels_confirm_what_hashes_propose() -> None:
    images = differing(0.05, 0.3)
    assert found_among(images, all_pairs(3), 0.1) == [[0, 1]]
    assert found_among(images, all_pairs(3)[:0], 0.1) == []


def test_an_image_that_another_stands_in_for_stands_in_for_none() -> None:
    first, last = differing(0.3)
    between = ((first.astype(int) + last) // 2).astype(np.uint8)
    images = np.stack([first, between, last])
    assert found_among(images, all_pairs(3), 0.2) == [[0, 1]]
    assert found_among(images, all_pairs(3)[-1:], 0.2) == [[1, 2]]


def test_of_many_that_are_alike_each_is_compared_with_the_first_alone() -> None:
    images = np.repeat(differing(), 3000, axis=0)
    moments, read = pixel_moments(images), 0

    def pixels_of(rows: np.ndarray) -> np.ndarray:
        nonlocal read
        read += len(rows)
        return images[rows]

    pairs = near_pairs(np.zeros(3000, np.uint64), moments, 3, 0.1)
    assert len(pairs) > 3_000_000
    found = stand_ins(pairs, pixels_of, images.shape[1:], moments, 0.1)
    assert found[:, 0].tolist() == [0] * 2999
    assert found[:, 1].tolist() == list(range(1, 3000))
    assert read < 4 * 3000


def test_the_first_stands_in_for_a_crowd_of_any_size() -> None:
    """Those that test come first: however many train that are like them, none is overlooked."""
    images = np.repeat(differing(0.02), 6000, axis=0)
    hashes, moments = np.zeros(12_000, np.uint64), pixel_moments(images)
    pairs = near_pairs(hashes, moments, 4, 0.1)
    assert len(pairs) < 1.1 * MOST_PAIRS
    found = stand_ins(pairs, images.__getitem__, images.shape[1:], moments, 0.1)
    assert found[:, 0].tolist() == [0] * 11_999


def test_moments_are_those_of_the_pixels_and_settle_nothing_wrongly() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8) // rng.integers(
        1, 30, (60, 1, 1, 1), dtype=np.uint8
    )
    moments = pixel_moments(images)
    np.testing.assert_allclose(moments[:, 0], images.mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(moments[:, 1], images.std((1, 2, 3)), rtol=1e-4)
    pairs = all_pairs(60)
    apart = images[pairs].astype(float)
    rms = np.sqrt(((apart[:, 0] - apart[:, 1]) ** 2).mean((1, 2, 3)))
    expected = pairs[rms <= 1.5 * images.std((1, 2, 3))[pairs].min(1)]
    assert 20 < len(expected) < len(pairs)
    proposed = near_pairs(np.zeros(60, np.uint64), moments, 0, 1.5)
    assert len(expected) <= len(proposed) < len(pairs)
    assert {tuple(pair) for pair in expected.tolist()} <= {
        tuple(pair) for pair in proposed.tolist()
    }
    one_by_one = [found_among(images, pair[None], 1.5) for pair in proposed]
    assert [pair for some in one_by_one for pair in some] == expected.tolist()
