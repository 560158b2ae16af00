"""Work on many images, shared among processes that write into the same memory-mapped arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import joblib

from constancy.progress import progress

# What an image takes on one core, about, to share the work evenly; measured from 32 to 224 pixels.
_SECONDS_AN_IMAGE = 50e-6
_SECONDS_A_BYTE = 3e-9

_SHARD_SECONDS = 0.5  # enough to outweigh handing it out, little enough to share
_ALONE_SECONDS = 8.0  # less work than this takes one process no longer than starting others


@dataclass(frozen=True)
class Job:
    """A call that makes `images` images of `size` bytes each.

    Arrays among the arguments that are memory-mapped are passed on by the name of their file.
    """

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    images: int
    size: int


def run_jobs(label: str, jobs: Sequence[Job], workers: int | None = None) -> None:
    """Run all jobs, in any order, with a progress display.

    workers: how many processes; None: one for each core, or this one alone where the work is little.
    The processes are joblib's (loky): the work is mostly Python, which threads would not speed up.
    """
    if workers is None:
        seconds = sum(_seconds(job.images, job.size) for job in jobs)
        workers = 1 if seconds < _ALONE_SECONDS else joblib.cpu_count()
    pool = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
    calls = (joblib.delayed(_run_on_one_core)(job) for job in jobs)
    with progress(label, total=sum(job.images for job in jobs)) as display:
        for images in pool(calls):
            display.update(images)


def shards(rows: int, images: int, size: int) -> list[slice]:
    """Slices that together cover `rows` rows, each with a job's worth of work.

    images: how many are made for a row; size: the bytes of one.
    """
    step = max(1, int(_SHARD_SECONDS / _seconds(images, size)))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _seconds(images: int, size: int) -> float:
    return images * (_SECONDS_AN_IMAGE + size * _SECONDS_A_BYTE)


def _run_on_one_core(job: Job) -> int:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # there is a process for each core already
    try:
        job.function(*job.arguments)
    finally:
        cv2.setNumThreads(threads)
    return job.images
