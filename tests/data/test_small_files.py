"""Many small remote files come in order, whatever befalls one of them, and memory stays bounded."""

import random
import threading
import time
import tracemalloc

import pytest
from bad_lines import BLOCK, DATA, OTHER
from http_server import HttpServer
from local_server import free_port
from s3_server import put, s3_server, use_s3

from constancy.data import failures, small_files
from constancy.data.small_files import AHEAD, Problem, read_all
from constancy.errors import UserError

pytestmark = pytest.mark.usefixtures("small_and_quick")


def test_many_small_files_come_in_order(server: HttpServer) -> None:
    images = [random.Random(seed).randbytes(1000 + seed) for seed in range(200)]
    urls = [server.serve(f"{number}.png", image) for number, image in enumerate(images)]
    server.files["/3.png"].statuses = [503, 503]
    server.files["/4.png"].cuts = [0, 0]
    server.files["/5.png"].ranges = False
    assert list(read_all(urls, limit=10_000)) == images
    assert len(server.requests) == 204  # one for each, and the new tries


def test_one_that_fails_does_not_stop_the_others(server: HttpServer) -> None:
    urls = [
        server.serve("good.png", b"good"),
        f"{server.url}/nowhere.png",
        server.serve("large.png", DATA),
        server.serve("edge.png", b"x" * 100),
        "nosuch://x/y.png",
        server.serve("last.png", b"last"),
    ]
    assert list(read_all(urls, limit=100)) == [
        b"good",
        Problem("not found"),
        Problem("larger than 100 bytes"),
        b"x" * 100,
        Problem(
            "nosuch:// addresses cannot be read: use a path, http://, https://, s3:// or gs://"
        ),
        b"last",
    ]


def test_a_large_file_is_not_read_to_its_end(server: HttpServer) -> None:
    url = server.serve("large.png", b"x" * 50_000_000)
    assert list(read_all([url], limit=1000)) == [Problem("larger than 1000 bytes")]
    assert server.sent < 20_000_000  # what fits into the buffers of the line


def test_no_more_than_a_few_wait_in_memory(server: HttpServer) -> None:
    urls = [server.serve(f"{number}.png", b"x") for number in range(3 * AHEAD)]
    images = read_all(urls, limit=10)
    next(images)
    time.sleep(0.5)
    assert len(server.requests) <= AHEAD
    assert len(list(images)) == len(urls) - 1


def test_no_more_than_some_bytes_wait_in_memory(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "ROOM", 4_000_000)
    images = [bytes([number]) * 1_000_000 for number in range(AHEAD)]
    urls = [server.serve(f"{number}.png", image) for number, image in enumerate(images)]
    assert len(list(read_all(urls[:1], limit=10**9))) == 1  # what it imports is not counted
    tracemalloc.start()
    try:
        for number, image in enumerate(read_all(urls, limit=10**9)):
            assert image == images[number]
            if number in (0, 20):
                time.sleep(0.5)  # for whatever may come meanwhile
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 25_000_000  # all are 64 MB
    assert number == AHEAD - 1


def test_files_larger_than_what_there_is_room_for_come_one_by_one(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "ROOM", 1000)
    urls = [server.serve(f"{number}.png", DATA if number % 3 else OTHER) for number in range(40)]
    server.files["/7.png"].cuts = [BLOCK]
    urls[4:4] = [f"{server.url}/nowhere.png"]
    found = list(read_all(urls, limit=len(DATA)))
    assert found.pop(4) == Problem("not found")
    assert found == [DATA if number % 3 else OTHER for number in range(40)]


def test_nobody_waits_for_room_when_no_more_is_asked_for(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "ROOM", 1000)
    images = read_all([server.serve("0.png", DATA)] * AHEAD, limit=10**9)
    assert next(images) == DATA
    images.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("cut", [True, False])
def test_a_server_that_fails_for_now_stops_it_all(
    server: HttpServer, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same source must not be other data today and tomorrow."""
    monkeypatch.setattr(failures, "WAIT", 0.1)
    down = f"http://127.0.0.1:{free_port()}/1.png"
    bad = server.serve("1.png", DATA, cuts=[0] * 99) if cut else down
    urls = [server.serve("0.png", b"x"), bad, *(f"{down}-{n}" for n in range(500))]
    begun = time.monotonic()
    with pytest.raises(UserError, match=r"1\.png could not be fetched: .*; try again later"):
        list(read_all(urls, limit=10**9))
    assert time.monotonic() - begun < 12


def test_many_small_files_come_from_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as s3:
        urls = [put(s3, "pets", f"small/{number}.png", b"%d" % number) for number in range(20)]
        large = put(s3, "pets", "large.png", DATA)
        use_s3(monkeypatch, s3)
        found = list(read_all([*urls, large, "s3://pets/nowhere.png"], limit=10))
        assert found[:20] == [b"%d" % number for number in range(20)]
        assert found[20:] == [Problem("larger than 10 bytes"), Problem("not found")]
