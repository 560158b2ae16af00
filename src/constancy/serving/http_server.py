"""An application served over HTTP until somebody stops it."""

import socket

import uvicorn
from starlette.types import ASGIApp


def serve_app(app: ASGIApp, bound: socket.socket, told: str, stop_seconds: int) -> None:
    """Serve on a bound socket until Ctrl-C or a signal; requests in hand are answered first.

    told: what to print once connections are taken; stop_seconds: how long requests in hand may go on.
    """
    config = uvicorn.Config(
        app, log_level="warning", server_header=False, timeout_graceful_shutdown=stop_seconds
    )
    try:
        # It sends the signal that stopped it once more, when all is answered.
        _Server(config, told).run(sockets=[bound])
    except KeyboardInterrupt:
        return


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, told: str) -> None:
        super().__init__(config)
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._told, flush=True)
