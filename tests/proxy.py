"""A proxy on this machine that makes a server slow, lets it fail now and then, or go away."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import requests


@contextmanager
def proxy(
    uri: str,
    *,
    delay: float = 0.0,
    fails_every: int | None = None,
    gone_after: int | None = None,
    heard: bool = True,
) -> Iterator[str]:
    """The address at which a server answers after `delay` seconds, and each n-th time with a 500.

    gone_after: requests that change something, after which it answers none; heard: whether the last
    of them, which is carried out, is still answered.
    """
    numbers, changes = count(1), count(1)
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(delay)
            if fails_every and not next(numbers) % fails_every:
                self.reply(500, b"oh dear")
                return
            if gone.is_set():
                self.close_connection = True
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() == "content-type"}
            answer = requests.request(
                self.command, uri + self.path, data=body, headers=headers, timeout=60
            )
            if self.changes() and next(changes) == gone_after:
                gone.set()
                if not heard:
                    self.close_connection = True
                    return
            self.reply(answer.status_code, answer.content)

        def changes(self) -> bool:
            return self.command != "GET" and not self.path.endswith("/search")

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
