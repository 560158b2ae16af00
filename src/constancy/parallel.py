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

    It may run in another process, even on another machine: what it writes goes to files, by their
    whole paths. Arrays among the arguments that are memory-mapped are handed to processes of this
    machine by the name of their file.
    """

    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    images: int
    seconds: float


def run_jobs(
    label: str, jobs: Sequence[Job[Result]], workers: int | None = None
) -> Iterator[Result]:
    """Run all jobs, with a progress display; gives their results in the order of the jobs.

    workers: how many processes; None: as many as there are, or this one alone where the work is
    little. The processes are joblib's, one for each core (loky): the work is mostly Python, which
    threads would not speed up. Inside `joblib.parallel_config` they are those of its backend, such
    as a cluster's.
    """
    if workers is None:
        seconds = sum(job.seconds for job in jobs)
        workers = 1 if seconds < _ALONE_SECONDS else joblib.effective_n_jobs()
    pool = joblib.Parallel(n_jobs=workers, return_as="generator")
    results = pool(joblib.delayed(job.function)(*job.arguments) for job in jobs)
    with progress(label, total=sum(job.images for job in jobs)) as display:
        for job, result in zip(jobs, results, strict=True):
            display.update(job.images)
            yield result


def end_workers() -> None:
    """End the processes that wait for further jobs: what follows may need their memory."""
    get_reusable_executor(reuse=True).shutdown(wait=True)
