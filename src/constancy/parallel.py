"""Work on many images, shared among processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from constancy.progress import progress

Result = TypeVar("Result")

_ALONE_SECONDS = 3.0  # less work than this takes one process no longer than starting others


@dataclass(frozen=True)
class Job(Generic[Result]):
    """A call that deals with `images` images and takes about `seconds` on one core.

    Arrays among the arguments that are memory-mapped are passed on by the name of their file.
    """

    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    images: int
    seconds: float


def run_jobs(
    label: str, jobs: Sequence[Job[Result]], workers: int | None = None
) -> Iterator[Result]:
    """Run all jobs, with a progress display; gives their results in the order of the jobs.

    workers: how many processes; None: one for each core, or this one alone where the work is little.
    The processes are joblib's (loky): the work is mostly Python, which threads would not speed up.
    """
    if workers is None:
        seconds = sum(job.seconds for job in jobs)
        workers = 1 if seconds < _ALONE_SECONDS else joblib.cpu_count()
    pool = joblib.Parallel(n_jobs=workers, return_as="generator")
    results = pool(joblib.delayed(job.function)(*job.arguments) for job in jobs)
    with progress(label, total=sum(job.images for job in jobs)) as display:
        for job, result in zip(jobs, results, strict=True):
            display.update(job.images)
            yield result


def end_workers() -> None:
    """End the processes that wait for further jobs: what follows may need their memory."""
    get_reusable_executor(reuse=True).shutdown(wait=True)
