"""Many small remote files, as bytes."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from constancy.addresses import without_secrets
from constancy.data.failures import PassingError, Patience, RemoteError
from constancy.data.remote import Remote
from constancy.errors import UserError

AT_ONCE = 16
"""Small files fetched at the same time."""
AHEAD = 64
"""Small files fetched or being fetched before they are asked for, at the most."""
ROOM = 512 * 2**20
"""Bytes of such files in memory; the one that is asked for next may exceed it."""


@dataclass(frozen=True)
class Problem:
    """Why there are no bytes, in a few words."""

    reason: str


def read_all(urls: Sequence[str], *, limit: int) -> Iterator[bytes | Problem]:
    """The bytes behind each URL, in order; a Problem where there are none to be had.

    limit: bytes; of a larger file no more than that and one block is read. Memory holds no more
    than AHEAD files and about ROOM bytes. Raises UserError where a server is down, or answers that
    it cannot now.
    """
    waiting: deque[Future[bytes | Problem]] = deque()
    room = _Room()
    # joblib would fetch on and on where the images are used more slowly than they come.
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
    try:
        for number, url in enumerate(urls):
            if len(waiting) == AHEAD:
                yield room.give_out(waiting.popleft().result())
            waiting.append(pool.submit(_bytes_of, url, limit, number, room))
        while waiting:
            yield room.give_out(waiting.popleft().result())
    finally:
        room.close()
        pool.shutdown(wait=False, cancel_futures=True)


class _Room:
    """What the files on their way take of ROOM. They are numbered in the order of their giving
    out, and the next of them is never kept waiting, so that all come in the end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = self._next = 0
        self._closed = False

    def wait(self, number: int, for_its_turn: bool) -> bool:
        """Until a file may be begun; False when it is not wanted any longer."""
        # Half: at the edge it would have to be let go soon.
        enough = -1 if for_its_turn else ROOM // 2
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or number == self._next or self._taken <= enough
            )
            return not self._closed

    def take(self, number: int, size: int) -> bool:
        """Whether there is room for more of a file. If not, it is to be let go and fetched anew:
        were it to wait with a connection open, the server would cut that."""
        with self._changed:
            if self._closed or (number != self._next and self._taken + size > ROOM):
                return False
            self._taken += size
            return True

    def give_back(self, size: int) -> None:
        with self._changed:
            self._taken -= size
            self._changed.notify_all()

    def give_out(self, answer: bytes | Problem) -> bytes | Problem:
        with self._changed:
            self._next += 1
        self.give_back(0 if isinstance(answer, Problem) else len(answer))
        return answer

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _bytes_of(url: str, limit: int, number: int, room: _Room) -> bytes | Problem:
    patience = Patience()
    try:
        let_go = False
        while room.wait(number, for_its_turn=let_go):
            data = patience.bring(lambda: _read(url, limit, patience, number, room))
            if data is not None:
                return data
            let_go = True  # once is enough: none is begun more than twice
        return Problem("not wanted any longer")
    except PassingError as error:
        # Left out, it would come another time: the same source would not be the same data.
        raise UserError(
            f"data.source: {without_secrets(url)} could not be fetched: {error}; try again later"
        ) from None
    except RemoteError as error:
        return Problem(str(error))


def _read(url: str, limit: int, patience: Patience, number: int, room: _Room) -> bytes | None:
    """None if there was no room for it."""
    data = bytearray()
    whole = False
    try:
        for piece in Remote(url).stream():
            patience.heard()
            if not room.take(number, len(piece)):
                return None
            data += piece
            if len(data) > limit:
                raise RemoteError(f"larger than {limit} bytes")
        whole = True
        return bytes(data)
    finally:
        if not whole:
            room.give_back(len(data))
        data.clear()  # the traceback of an error would keep it for a while
