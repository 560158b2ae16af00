"""Work ahead comes in order, and not further ahead than was asked."""

import threading
import time
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.serving.ahead import ahead


@given(st.lists(st.integers(), max_size=100), st.integers(1, 70))
def test_results_come_in_the_order_of_the_items(items: list[int], most: int) -> None:
    assert list(ahead(lambda number: -number, items, most)) == [-number for number in items]


def test_no_more_is_done_ahead_than_was_asked() -> None:
    taken = count()
    results = ahead(lambda number: number, taken, 100)
    for number in range(500):
        assert next(results) == number
        assert int(repr(taken)[6:-1]) <= number + 100 + 2 * 16
    results.close()


def test_a_failure_is_raised_where_its_turn_comes_and_ends_the_threads() -> None:
    def work(number: int) -> int:
        if number == 40:
            raise ZeroDivisionError
        return number

    found = []
    with pytest.raises(ZeroDivisionError):
        found.extend(ahead(work, range(1000), 8))
    deadline = time.monotonic() + 5
    while any(each.name.startswith("decode") for each in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
