"""The C library's memory: kept for the next batch rather than given back after each."""

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD: mallopt(3)
_KEPT = 2**27  # bytes; with eight times as much, evaluation was no faster, but took more memory


@cache
def keep_freed_memory() -> None:
    """Have this process keep blocks of up to 128 MiB that it frees, for its next ones.

    As glibc comes, it gives large blocks back to the system at once, and gets them again a moment
    later, page by page, each filled with zeros: for a network's activations on a CPU that costs up
    to two thirds of the time. Other C libraries are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # A glibc that refuses the first would, after the second, no longer tune itself.
    if mallopt and mallopt(_MMAP_THRESHOLD, _KEPT):
        mallopt(_TRIM_THRESHOLD, _KEPT)
