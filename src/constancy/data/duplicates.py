"""Images that are nearly the same: perceptual hashes propose pairs, pixels confirm them."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations

import numpy as np

from constancy.data.chunks import images_at_a_time
from constancy.progress import progress

_SIDE = 8  # of the square of frequencies that make the 64 bits of a hash
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_SHARED_BANDS = 3  # few keys to sort by, and few hashes that share one by chance
_ROUNDING = 0.01  # of moments, in 0..255
_MOST_ALIKE = 2000
"""In a bucket of more hashes than this, each is compared with so many that follow it."""
MOST_PAIRS = 5_000_000
"""About; more are found among tens of thousands of frames of one still scene alone."""
_HALF, _LOWER_HALF = np.uint64(32), np.uint64(2**32 - 1)


def perceptual_hashes(images: np.ndarray) -> np.ndarray:
    """The pHash of each image: uint64, N. Images that look alike differ in few of its bits.

    images: uint8, N x H x W x C, H and W at least 8. The 8 x 8 lowest frequencies of the discrete
    cosine transform of the grey image, each one bit: above their median or not (Zauner 2010,
    "Implementation and benchmarking of perceptual image hash functions"; as ImageHash's `phash`
    for images of 32 x 32 pixels, which others are not brought to first: low frequencies are low
    frequencies at every size).
    """
    step = max(1, images_at_a_time(images.shape[1:]) // 8)  # in float32, and what is made of it
    parts = [_hash(images[at : at + step]) for at in range(0, len(images), step)]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def near_pairs(hashes: np.ndarray, moments: np.ndarray, bits: int, difference: float) -> np.ndarray:
    """All pairs of rows that may be nearly the same: uint32, P x 2, rising, lower row first.

    hashes: uint64, N; moments: N x 2, of `pixel_moments`; bits: in which the hashes may differ, of
    64; difference: see `stand_ins`. Where thousands of hashes are alike, each is paired with the
    first of them and with the most alike alone; no more than about MOST_PAIRS are sought in all.

    The bits are cut into `bits` + 3 bands; of two such hashes at least three bands are the same, so
    only hashes that share three are compared (Norouzi, Punjani and Fleet 2012, "Fast search in
    Hamming space with multi-index hashing"). Images differ at least as much as their moments do,
    rms(a - b)^2 >= (mean a - mean b)^2 + (std a - std b)^2, which settles most of those.
    """
    parts = [np.empty(0, np.uint64)]
    for pairs in _proposed(hashes, moments, bits, difference):
        low, high = pairs.min(axis=1).astype(np.uint64), pairs.max(axis=1).astype(np.uint64)
        parts.append(low << _HALF | high)  # as one number, a pair is quickly sorted
    both = np.concatenate(parts)
    parts.clear()  # tens of megabytes
    both.sort()
    both = both[np.diff(both, prepend=~both[:1]) != 0]
    return np.stack([both >> _HALF, both & _LOWER_HALF], axis=1, dtype=np.uint32, casting="unsafe")


def _proposed(
    hashes: np.ndarray, moments: np.ndarray, bits: int, difference: float
) -> Iterator[np.ndarray]:
    """The pairs of `near_pairs` in parts and in any order, some of them twice."""
    bands = np.array_split(np.arange(64, dtype=np.uint64), bits + _SHARED_BANDS)
    masks = [np.bitwise_or.reduce(np.uint64(1) << band) for band in bands]
    shared = combinations(masks, _SHARED_BANDS)
    keys = np.array([np.bitwise_or.reduce(some) for some in shared], np.uint64)
    by_hash = np.argsort(hashes, kind="stable")
    searched = keys[:0]  # whole, which a key with a crowded bucket is not
    count = 0

    def possible(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        apart = np.hypot(*(moments[rows] - moments[others]).T)
        near = apart <= _most_apart(moments, rows, others, difference) + _ROUNDING
        rows, others = rows[near], others[near]
        # A pair that shares an earlier key too was found there.
        new = ((hashes[rows] ^ hashes[others])[:, None] & searched).all(axis=1)
        return np.stack([rows[new], others[new]], axis=1)

    for key in keys:
        # Within a bucket the hashes stay sorted, so those next to each other are the most alike.
        order = by_hash[np.argsort(hashes[by_hash] & key, kind="stable")]
        buckets = hashes[order] & key
        crowded = buckets[_MOST_ALIKE:] == buckets[:-_MOST_ALIKE]
        if crowded.any():
            # The first may be too far in a crowd to be met: it stands in for all of it, if it can.
            rows, others = _with_the_first(buckets, order)
            near = np.bitwise_count(hashes[rows] ^ hashes[others]) <= bits
            yield possible(rows[near], others[near])
        for one, other in _pairs_in_buckets(buckets, hashes[order], bits):
            if count > MOST_PAIRS:
                break
            pairs = possible(order[one], order[other])
            count += len(pairs)
            yield pairs
        if not crowded.any():
            searched = np.append(searched, key)


def stand_ins(
    pairs: np.ndarray,
    pixels: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    moments: np.ndarray,
    difference: float,
) -> np.ndarray:
    """For each row that another can stand in for: that one, and the row. int64, F x 2.

    pairs: P x 2, in the order of their first rows; images that hardly differ can stand in for each
    other, and a row that no row before it stands in for does so for those behind. So where many
    are alike, each is compared with the first of them alone, not with all others.

    pixels: gives the images, uint8, n x H x W x C, of rows; shape: H, W, C; moments: N x 2, of
    `pixel_moments`; difference: root mean square difference of two images, at the most, against the
    standard deviation of the plainer one: noise that hides in a busy picture shows in a plain one.
    """
    step = max(1, images_at_a_time(shape) // 16)  # two of them, in float32, and their difference
    found: list[tuple[int, int]] = []
    replaced = np.zeros(len(moments), bool)
    with progress("compare", total=len(pairs), unit="pair") as bar:
        for start in range(0, len(pairs), step):
            some = pairs[start : start + step]
            bar.update(len(some))
            some = some[~replaced[some].any(axis=1)]
            ours, theirs = (pixels(side).astype(np.float32) for side in some.T)
            apart = np.sqrt(((ours - theirs) ** 2).mean(axis=(1, 2, 3)))
            same = some[apart <= _most_apart(moments, some[:, 0], some[:, 1], difference)]
            for one, other in same.tolist():
                if not (replaced[one] or replaced[other]):
                    replaced[other] = True
                    found.append((one, other))
    return np.array(found, np.int64).reshape(-1, 2)


def _most_apart(
    moments: np.ndarray, rows: np.ndarray, others: np.ndarray, difference: float
) -> np.ndarray:
    return difference * np.minimum(moments[rows, 1], moments[others, 1])


def pixel_moments(images: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of all pixels of each image: float32, N x 2, in 0..255."""
    values = images.reshape(len(images), -1).astype(np.uint16)  # which holds 255^2
    mean = values.mean(axis=1)
    variance = (values**2).mean(axis=1) - mean**2
    return np.stack([mean, np.sqrt(variance.clip(0))], axis=1).astype(np.float32)


def _hash(images: np.ndarray) -> np.ndarray:
    grey = images[..., 0] if images.shape[-1] == 1 else images @ _LUMA
    down, across = _cosines(images.shape[1]), _cosines(images.shape[2])
    frequencies = (down @ grey.astype(np.float32) @ across.T).reshape(len(images), -1)
    # Rounded, since what sums differently must not decide on which side of the median a bit falls.
    frequencies = frequencies.round(2)
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


@lru_cache(maxsize=8)
def _cosines(length: int) -> np.ndarray:
    """The lowest frequencies of the DCT-II of `length` values, as SciPy scales it: 8 x length."""
    phase = np.pi * np.outer(np.arange(_SIDE), np.arange(length) + 0.5) / length
    return (2 * np.cos(phase)).astype(np.float32)


def _with_the_first(buckets: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row of a bucket with the lowest row there: the latter, and the former.

    buckets: sorted, of the rows `order`.
    """
    starts = np.flatnonzero(np.diff(buckets, prepend=~buckets[:1]))
    lengths = np.diff(starts, append=len(buckets))
    firsts = np.repeat(np.minimum.reduceat(order, starts), lengths)
    others = firsts != order
    return firsts[others], order[others]


def _pairs_in_buckets(
    buckets: np.ndarray, hashes: np.ndarray, bits: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of two that share a bucket, and whose hashes differ in at most `bits` bits.

    buckets: sorted; of those with more than _MOST_ALIKE, each is paired with so many that follow.
    """
    places = np.arange(len(buckets) - 1)
    for step in range(1, _MOST_ALIKE + 1):
        places = places[places < len(buckets) - step]
        # Buckets are sorted: who differs from the one so many steps on, differs from all beyond.
        places = places[buckets[places] == buckets[places + step]]
        if not len(places):
            return
        near = np.bitwise_count(hashes[places] ^ hashes[places + step]) <= bits
        yield places[near], places[near] + step
