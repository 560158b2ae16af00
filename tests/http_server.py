"""A real HTTP server on loopback that fails as it is told to, and remembers what was asked of it."""

import base64
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOLD_SECONDS = 20


@dataclass
class Served:
    """A file, and how it is served.

    etag: empty for a server that tells nothing by which versions could be told apart;
    statuses: answers to the next requests, before any good one; cuts: after how many bytes of a
    body the connection is cut, for each of the next GETs; reset: cut by a reset rather than by an
    end; hold: after so many bytes in all a GET waits until the server is over; pause: seconds
    before each 16 KiB; location: where every request is redirected; login: "user:password".
    """

    data: bytes
    etag: str = '"1"'
    ranges: bool = True
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    reset: bool = True
    hold: int | None = None
    pause: float = 0
    location: str = ""
    login: str = ""


@dataclass
class Request:
    method: str
    path: str
    range: str | None
    sent: int = 0


@dataclass
class HttpServer:
    url: str
    files: dict[str, Served] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, name: str, data: bytes, **how: object) -> str:
        """The URL of a new file, or of a new version of one."""
        self.files[f"/{name}"] = Served(data, **how)  # type: ignore[arg-type]
        return f"{self.url}/{name}"

    @property
    def sent(self) -> int:
        """Bytes of bodies, in all."""
        return sum(request.sent for request in self.requests)

    @property
    def ranges(self) -> list[str]:
        return [r.range for r in self.requests if r.method == "GET" and r.range]


@contextmanager
def http_server() -> Iterator[HttpServer]:
    """Runs until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as httpd:
        httpd.daemon_threads = True
        httpd.block_on_close = False
        server = HttpServer(f"http://127.0.0.1:{httpd.server_port}")
        httpd.state = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            httpd.shutdown()
            thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = HOLD_SECONDS

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        state: HttpServer = self.server.state  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        request = Request(self.command, path, self.headers["Range"])
        with state.lock:
            state.requests.append(request)
            file = state.files.get(path)
            status = file.statuses.pop(0) if file and file.statuses else 0
        if file is None:
            return self._refuse(404)
        if status:
            return self._refuse(status)
        login = base64.b64encode(file.login.encode()).decode()
        if file.login and self.headers["Authorization"] != f"Basic {login}":
            return self._refuse(401)
        if file.location:
            return self._refuse(302, Location=file.location)
        return self._give(state, file, request)

    def _refuse(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, state: HttpServer, file: Served, request: Request) -> None:
        start, end = 0, len(file.data)
        if file.ranges and request.range:
            first, _, last = request.range.removeprefix("bytes=").partition("-")
            start, end = int(first), min(end, int(last) + 1 if last else end)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(file.data)}")
        else:
            self.send_response(200)
        if file.etag:
            self.send_header("ETag", file.etag)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command == "GET":
            self._send(state, file, request, file.data[start:end])

    def _send(self, state: HttpServer, file: Served, request: Request, body: bytes) -> None:
        with state.lock:
            cut = file.cuts.pop(0) if file.cuts else None
        for offset in range(0, len(body), 16384):
            if cut is not None and offset >= cut:
                return self._cut(file.reset)
            if file.hold is not None and state.sent >= file.hold:
                state.held.set()
                state.over.wait(HOLD_SECONDS)
                return self._cut(reset=False)
            time.sleep(file.pause)
            try:
                self.wfile.write(body[offset : offset + 16384])
            except OSError:  # the client has gone
                self.close_connection = True
                return None
            request.sent += len(body[offset : offset + 16384])
        return None

    def _cut(self, reset: bool) -> None:
        self.close_connection = True
        if reset:  # closing with lingering time 0 sends RST instead of FIN
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
