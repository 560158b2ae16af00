"""A place on this machine alone for a page that a command serves."""

import socket

from constancy.errors import UserError

HOST = "127.0.0.1"


def check_port(port: int, another: str) -> None:
    """Raises UserError if nothing can be served at a port of HOST.

    another: what to type for the next port, as in `make ui PORT=5001`.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(
                f"port {port} on {HOST} is in use or not allowed: choose another, as in "
                f"`{another}`, or stop what uses it"
            ) from None
