"""The HTTP server of `constancy serve`."""

import signal
import socket
import sys

import uvicorn

from constancy.errors import UserError
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
    # uvicorn sends the signal that stopped it once more, when all is answered.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _bound(host, port) as bound:
        switch = Switch(reference, tracking)
        config = uvicorn.Config(
            front(switch, limit),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        address = f"[{host}]" if ":" in host else host
        print(
            f"{switch.current.name} answers at http://{address}:{port}/invocations (Ctrl-C stops it)",
            flush=True,
        )
        try:
            uvicorn.Server(config).run(sockets=[bound])
        except KeyboardInterrupt:
            return


def _bound(host: str, port: int) -> socket.socket:
    """A socket at the address, which takes no connections before the server listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UserError(
            f"port {port} on {host} cannot be had ({error.strerror or error}): choose another with "
            "--port, or stop what uses it"
        ) from None
    return bound
