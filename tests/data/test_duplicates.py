"""Perceptual hashes propose pairs, pixels confirm them."""

from itertools import combinations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images import pixels
from PIL import Image

from constancy.data.duplicates import confirmed, near_pairs, perceptual_hashes, pixel_moments


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
    found = [tuple(pair) for part in near_pairs(hashes, alike, bits, 0) for pair in part.tolist()]
    assert sorted(found) == expected


def test_pixels_confirm_what_hashes_propose() -> None:
    images = np.stack([smooth(1), smooth(1), smooth(1), smooth(2)])
    noise = np.random.default_rng(0).normal(0, images[0].std(), images[0].shape)
    images[1] = (images[0] + 0.05 * noise).clip(0, 255)
    images[2] = (images[0] + 0.3 * noise).clip(0, 255)
    pairs = np.array(list(combinations(range(4), 2)))
    moments = pixel_moments(images)
    found = confirmed([pairs], lambda rows: images[rows], images.shape[1:], moments, 0.1)
    assert found.tolist() == [[0, 1]]
    assert (
        len(confirmed([pairs[:0]], lambda rows: images[rows], images.shape[1:], moments, 0.1)) == 0
    )


def test_moments_are_those_of_the_pixels_and_settle_nothing_wrongly() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8) // rng.integers(
        1, 30, (60, 1, 1, 1), dtype=np.uint8
    )
    moments = pixel_moments(images)
    np.testing.assert_allclose(moments[:, 0], images.mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(moments[:, 1], images.std((1, 2, 3)), rtol=1e-4)
    pairs = np.array(list(combinations(range(60), 2)))
    apart = images[pairs].astype(float)
    rms = np.sqrt(((apart[:, 0] - apart[:, 1]) ** 2).mean((1, 2, 3)))
    expected = pairs[rms <= 1.5 * images.std((1, 2, 3))[pairs].min(1)]
    assert 20 < len(expected) < len(pairs)
    proposed = list(near_pairs(np.zeros(60, np.uint64), moments, 0, 1.5))
    assert len(expected) <= sum(map(len, proposed)) < len(pairs)
    found = confirmed(proposed, lambda rows: images[rows], images.shape[1:], moments, 1.5)
    assert found.tolist() == expected.tolist()
