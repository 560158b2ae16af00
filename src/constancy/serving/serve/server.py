"""The HTTP server of `constancy serve`."""

import signal
import socket
import sys

from constancy.errors import UserError
from constancy.ports import bound
from constancy.serving.http_server import serve_app
from constancy.serving.serve.front import front
from constancy.serving.serve.switch import Switch
from constancy.settings.tracking import Tracking

STOP_SECONDS = 30
"""How long requests in hand may go on when the server is stopped."""


def serve(reference: str, tracking: Tracking | None, host: str, port: int, limit: int) -> None:
    """Answer requests until Ctrl-C or SIGTERM; those in hand are answered first.

    limit: bytes of a request's body. Raises UserError if the address cannot be had, or as
    `find_model` does.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _at(host, port) as place:
        switch = Switch(reference, tracking)
        address = f"[{host}]" if ":" in host else host
        told = f"{switch.current.name} answers at http://{address}:{port}/invocations"
        serve_app(front(switch, limit), place, f"{told} (Ctrl-C stops it)", STOP_SECONDS)


def _at(host: str, port: int) -> socket.socket:
    try:
        return bound(host, port)
    except OSError as error:
        raise UserError(
            f"port {port} on {host} cannot be had ({error.strerror or error}): choose another with "
            "--port, or stop what uses it"
        ) from None
