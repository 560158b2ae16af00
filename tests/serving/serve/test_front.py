"""What the server answers, and what it refuses: a real process, real requests."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import requests
from local_server import LocalServer
from scoring_server import JSON, ask, records, serving, text
from tracked_project import png

from constancy.serving.predictor import Predictor
from constancy.serving.serve.front import AT_ONCE

TEN = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    options = ("--model", str(trained), "--max-mb", "4")
    with serving(tmp_path_factory.mktemp("serving"), *options) as running:
        yield running


def labels(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["label"] for each in answer.json()["predictions"]]


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Its code and its sentence; it holds nothing else."""
    told = answer.json()
    assert set(told) == {"error_code", "message"}
    assert "Traceback" not in answer.text
    return answer.status_code, told["message"]


def bare(server: LocalServer, head: str, body: bytes = b"") -> socket.socket:
    """A connection on which this was sent, as it stands."""
    connection = socket.create_connection(("127.0.0.1", int(server.uri.rpartition(":")[2])), 30)
    connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    return connection


def test_several_images_are_answered_as_the_model_answers_them(
    server: LocalServer, trained: Path, ten_digits: list[np.ndarray]
) -> None:
    answer = ask(server, records(ten_digits))
    assert labels(answer) == TEN
    assert answer.headers["Constancy-Model"] == trained.name
    expected = Predictor(trained).predict(ten_digits)
    for told, known in zip(answer.json()["predictions"], expected, strict=True):
        assert told["probability"] == known.probability
        assert told["probabilities"] == known.probabilities


def test_a_split_table_does_as_well(server: LocalServer, ten_digits: list[np.ndarray]) -> None:
    split = {"columns": ["image"], "data": [[text(image)] for image in ten_digits]}
    assert labels(ask(server, {"dataframe_split": split | {"index": list(range(10))}})) == TEN
    body = json.dumps({"dataframe_split": split}).encode()
    head = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = requests.post(f"{server.uri}/invocations", data=body, headers=head, timeout=60)
    assert labels(answer) == TEN


def test_base64_in_lines_is_base64(server: LocalServer, ten_digits: list[np.ndarray]) -> None:
    image = text(ten_digits[3])
    lines = "\n".join(image[at : at + 76] for at in range(0, len(image), 76))
    assert labels(ask(server, {"dataframe_records": [{"image": lines}]})) == ["3"]


@pytest.mark.parametrize("path", ["health", "ping", "version"])
def test_the_server_tells_how_it_is(server: LocalServer, path: str) -> None:
    for ask_for in (requests.get, requests.head):  # load balancers like either
        answer = ask_for(f"{server.uri}/{path}", timeout=30)
        assert answer.status_code == 200
        assert answer.headers["Constancy-Model"]


BAD = {
    "nothing": (b"", 400, "Invalid JSON"),
    "HTML": (b"<html><body>image</body></html>", 400, "Invalid JSON"),
    "not UTF-8": (b"\xff\xfe{}", 400, "Invalid JSON"),
    "a list": (b"[]", 400, "Input should be an object"),
    "nested without end": (b'{"dataframe_records": ' + b"[" * 100_000, 400, "Invalid JSON"),
    "no table": (b"{}", 400, "dataframe_records or dataframe_split must be there"),
    "no image": (b'{"dataframe_records": []}', 400, "dataframe_records: holds no image"),
    "two tables": (
        b'{"dataframe_records": [{"image": ""}], "dataframe_split": {"columns": ["image"], "data": [[""]]}}',
        400,
        "dataframe_records or dataframe_split must be there",
    ),
    "MLflow's other layouts": (b'{"inputs": ["aGFsbG8="]}', 400, "inputs: is not known here"),
    "not Base64": (
        b'{"dataframe_records": [{"image": ""}, {"image": "no*base64"}]}',
        400,
        "dataframe_records[1].image: not Base64",
    ),
    "an array of NaN": (
        b'{"dataframe_records": [{"image": [[NaN, NaN], [NaN, NaN]]}]}',
        400,
        "dataframe_records[0].image: Input should be a valid string",
    ),
    "wrong shape": (
        b'{"dataframe_split": {"columns": ["image"], "data": [["aGFsbG8=", "aGFsbG8="]]}}',
        400,
        "dataframe_split.data[0]: has more than one value",
    ),
    "another column": (
        b'{"dataframe_split": {"columns": ["picture"], "data": [["aGFsbG8="]]}}',
        400,
        "dataframe_split.columns[0]: Input should be 'image'",
    ),
    "no picture": (
        b'{"dataframe_records": [{"image": "aGFsbG8="}]}',
        400,
        "image 1 cannot be read: not an image of a known format",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_body_is_told_what_is_wrong_and_the_server_lives_on(
    server: LocalServer, ten_digits: list[np.ndarray], case: str
) -> None:
    body, status, why = BAD[case]
    code, message = refusal(ask(server, body))
    assert code == status
    assert message.startswith(why)
    assert len(message) < 300
    assert labels(ask(server, records(ten_digits[:1]))) == ["0"]


def test_the_broken_one_of_several_images_is_named(
    server: LocalServer, ten_digits: list[np.ndarray]
) -> None:
    body = records(ten_digits[:3])
    body["dataframe_records"][1]["image"] = text(ten_digits[1])[:40]
    code, message = refusal(ask(server, body))
    assert (code, message[:22]) == (400, "image 2 cannot be read")


@pytest.mark.parametrize("kind", [None, "text/html", "text/csv", "application/x-parquet"])
def test_only_json_is_taken(server: LocalServer, kind: str | None) -> None:
    head = {"Content-Type": kind} if kind else {}
    answer = requests.post(f"{server.uri}/invocations", data=b"image\n", headers=head, timeout=30)
    assert refusal(answer) == (415, "the Content-Type must be application/json")


def test_what_is_not_there_is_told(server: LocalServer) -> None:
    here = "POST images to /invocations, GET /health"
    for path in ("", "docs", "openapi.json", "health/", "invocations/x"):
        answer = requests.get(f"{server.uri}/{path}", timeout=30, allow_redirects=False)
        assert refusal(answer) == (404, here)
    answer = requests.get(f"{server.uri}/invocations", timeout=30)
    assert refusal(answer) == (405, here)
    assert answer.headers["Allow"] == "POST"


def test_200_mb_are_refused_and_not_kept(
    server: LocalServer, ten_digits: list[np.ndarray], tmp_path: Path
) -> None:
    before = server.peak_mb()
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    with large.open("rb") as announced:
        # The second one comes in chunks, of a length that nobody knows before.
        for data in (announced, (bytes(1_000_000) for _ in range(200))):
            url = f"{server.uri}/invocations"
            code, message = refusal(requests.post(url, data=data, headers=JSON, timeout=60))
            assert code == 413
            assert message.startswith("the body is larger than 4 MB: ")
    assert server.peak_mb() - before < 100
    assert labels(ask(server, records(ten_digits[:1]))) == ["0"]


def test_who_asks_before_sending_need_not_send(server: LocalServer) -> None:
    head = (
        "POST /invocations HTTP/1.1\nHost: here\nContent-Type: application/json\n"
        "Content-Length: 200000000\nExpect: 100-continue"
    )
    with bare(server, head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_more_requests_at_once_than_memory_is_for_are_told_to_come_again(
    server: LocalServer, ten_digits: list[np.ndarray]
) -> None:
    head = (
        "POST /invocations HTTP/1.1\nHost: here\nContent-Type: application/json\n"
        "Content-Length: 1000"
    )
    waiting = [bare(server, head, b"{") for _ in range(AT_ONCE)]
    try:
        answer = ask(server, records(ten_digits[:1]))
        end = time.monotonic() + 20  # until the server has seen them all
        while answer.status_code == 200 and time.monotonic() < end:
            answer = ask(server, records(ten_digits[:1]))
        assert refusal(answer) == (503, "too many requests at once: try again")
        assert answer.headers["Retry-After"] == "1"
    finally:
        for connection in waiting:
            connection.close()
    end = time.monotonic() + 20
    while answer.status_code == 503 and time.monotonic() < end:
        answer = ask(server, records(ten_digits[:1]))
    assert labels(answer) == ["0"]


def test_500_requests_of_16_clients_are_all_answered(
    server: LocalServer, ten_digits: list[np.ndarray]
) -> None:
    def client(number: int) -> list[bool]:
        with requests.Session() as session:
            return [
                labels(
                    session.post(
                        f"{server.uri}/invocations",
                        json=records([ten_digits[at % 10], ten_digits[3]]),
                        timeout=60,
                    )
                )
                == [str(at % 10), "3"]
                for at in range(number, 500, 16)
            ]

    with ThreadPoolExecutor(16) as pool:
        right = list(chain.from_iterable(pool.map(client, range(16))))
    assert right == [True] * 500


def test_a_picture_that_unpacks_to_gigabytes_is_refused(server: LocalServer) -> None:
    flat = np.zeros((1, 1), np.uint8)
    bomb = bytearray(png(flat))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2  # its width and height, as its header says
    image = base64.b64encode(bomb).decode()
    code, message = refusal(ask(server, {"dataframe_records": [{"image": image}]}))
    assert (code, message[:22]) == (400, "image 1 cannot be read")


def test_nothing_of_all_that_left_a_trace_in_the_log(server: LocalServer) -> None:
    """After all that is refused; clients went away in the midst of their requests, too."""
    assert server.log.count("\n") == 1
    assert " answers at http://127.0.0.1:" in server.log


def test_requests_in_hand_are_answered_before_the_server_ends(
    server: LocalServer, ten_digits: list[np.ndarray]
) -> None:
    """After all others: the server is gone then."""
    many = records(ten_digits * 600)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, server, many)
        time.sleep(0.3)
        assert not answer.done()
        assert server.end() == 0
        assert labels(answer.result()) == TEN * 600
