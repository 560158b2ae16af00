"""The making of images as jobs to share out among processes, each of which uses one core."""

from collections.abc import Callable
from typing import Any

import cv2

from constancy.parallel import Job

# What an image takes on one core, about, to share the work evenly; measured from 32 to 224 pixels.
_SECONDS_AN_IMAGE = 50e-6
_SECONDS_A_BYTE = 3e-9

_SHARD_SECONDS = 0.15  # enough to outweigh handing it out, little enough for an even end


def image_job(
    function: Callable[..., None], arguments: tuple[Any, ...], images: int, size: int
) -> Job[None]:
    """A job that makes `images` images of `size` bytes each and writes them into files."""
    return Job(_on_one_core, (function, arguments), images, _seconds(images, size))


def shards(rows: int, images: int, size: int) -> list[slice]:
    """Slices that together cover `rows` rows, each with a job's worth of work.

    images: how many are made for a row; size: the bytes of one.
    """
    step = max(1, int(_SHARD_SECONDS / _seconds(images, size)))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _seconds(images: int, size: int) -> float:
    return images * (_SECONDS_AN_IMAGE + size * _SECONDS_A_BYTE)


def _on_one_core(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # there is a process for each core already
    try:
        function(*arguments)
    finally:
        cv2.setNumThreads(threads)
