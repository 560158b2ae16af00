"""Work on many images, shared among processes."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from constancy.errors import UserError
from constancy.progress import progress

Result = TypeVar("Result")

DASK = "CONSTANCY_DASK"
"""Variable with the address of a Dask scheduler."""

_ANSWER_SECONDS = 10  # that a scheduler may take
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
    threads would not speed up. Inside `cluster`, or `joblib.parallel_config`, they are those of that
    backend.
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


@contextmanager
def cluster() -> Iterator[None]:
    """Within the block, jobs go to the workers of the Dask scheduler that CONSTANCY_DASK names.

    Without that variable they stay with this machine's cores. Raises UserError if Dask is not
    installed or no scheduler answers.
    """
    if not (address := os.environ.get(DASK)):
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            f"{DASK} needs the package distributed: pip install 'constancy[dask]'"
        ) from None
    try:
        client = Client(address, timeout=_ANSWER_SECONDS)
    except (OSError, ValueError):
        raise UserError(
            f"{DASK}: no Dask scheduler answers at '{address}': name a running one, as HOST:PORT, "
            "or unset the variable"
        ) from None
    with client, joblib.parallel_config("dask"):
        yield


def end_workers() -> None:
    """End the processes that wait for further jobs: what follows may need their memory."""
    get_reusable_executor(reuse=True).shutdown(wait=True)
