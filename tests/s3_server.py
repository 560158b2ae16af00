"""An S3 that is none: moto's server on loopback, and a line to it that can be cut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest


@contextmanager
def s3_server() -> Iterator[str]:
    """The URL of an empty S3 that runs until the block ends."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def use_s3(monkeypatch: pytest.MonkeyPatch, url: str, *, credentials: bool = True) -> None:
    """Let S3's clients in this process talk to `url`, with dummy credentials or none at all."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if credentials:
            monkeypatch.setenv(name, "dummy")
        else:
            monkeypatch.delenv(name, raising=False)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    s3fs.S3FileSystem.clear_instance_cache()  # it would remember the last test's credentials


def put(url: str, bucket: str, key: str, data: bytes, acl: str = "private") -> str:
    """Put an object, and its bucket, into the S3 at `url`; returns its s3:// address."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="dummy",
        aws_secret_access_key="dummy",
    )
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key=key, Body=data, ACL=acl)
    return f"s3://{bucket}/{key}"


@dataclass
class Line:
    """cuts: where in all that comes from the server, in bytes, a connection is cut."""

    url: str
    cuts: list[int]
    passed: int = 0
    connections: list[socket.socket] = field(default_factory=list)


@contextmanager
def line_to(url: str, cuts: list[int]) -> Iterator[Line]:
    """A line to the server at `url`: connections pass through until they are cut."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Line(f"http://127.0.0.1:{listener.getsockname()[1]}", cuts)
        thread = threading.Thread(target=_accept, args=(listener, (host, int(port)), line))
        thread.start()
        try:
            yield line
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for connection in line.connections:
                _close(connection)
            thread.join(5)


def _accept(listener: socket.socket, target: tuple[str, int], line: Line) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target, timeout=20)
            line.connections += [client, server]
            for ends in ((client, server, None), (server, client, line)):
                threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, line: Line | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            cut = line is not None and line.cuts and line.passed + len(data) >= line.cuts[0]
            if line and cut:
                data = data[: line.cuts.pop(0) - line.passed]
            if line:
                line.passed += len(data)
            sink.sendall(data)
            if cut:
                break
    _close(source)
    _close(sink)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
