"""How much of a set of images is held in memory at a time."""

from math import prod

CHUNK_BYTES = 16 * 2**20


def images_at_a_time(shape: tuple[int, ...]) -> int:
    """How many images of uint8, H x W x C, take CHUNK_BYTES together; at least one."""
    return max(1, CHUNK_BYTES // prod(shape))
