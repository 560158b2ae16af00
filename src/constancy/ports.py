"""Places for what a command serves."""

import socket

from constancy.errors import UserError

HOST = "127.0.0.1"


def check_port(port: int, another: str) -> None:
    """Raises UserError if nothing can be served at a port of HOST.

    another: what to type for the next port, as in `make ui PORT=5001`.
    """
    try:
        bound(HOST, port).close()
    except OSError:
        raise UserError(
            f"port {port} on {HOST} is in use or not allowed: choose another, as in "
            f"`{another}`, or stop what uses it"
        ) from None


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address, which takes no connections yet. Raises OSError."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found
