"""Work on images done on all cores, a little ahead of whoever asks for the results."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = (
    16  # items a thread takes at once: to hand over one costs as much as to decode a small image
)


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Iterator[Result]:
    """`function` of each item, in their order.

    count: how many results, about, are made before somebody asks for them. Threads make them, one
    for each core: Pillow decodes and resizes without holding Python's lock, and the network
    computes without it.
    """
    threads = len(os.sched_getaffinity(0))
    size = min(_CHUNK, max(1, count // (2 * threads)))
    rest, waiting = iter(items), deque[Future[list[Result]]]()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        while chunk := list(islice(rest, size)):
            waiting.append(pool.submit(lambda some: [function(each) for each in some], chunk))
            if len(waiting) > max(2 * threads, count // size):
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
