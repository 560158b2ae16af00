"""An application served over HTTP until somebody stops it."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp


def serve_app(
    app: ASGIApp,
    bound: socket.socket,
    told: str,
    stop_seconds: int,
    before_end: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a bound socket until Ctrl-C or a signal; requests in hand are answered first.

    told: what to print once connections are taken; stop_seconds: how long requests in hand may go on;
    before_end: what to do once it shall end, before it waits for them.
    """
    config = uvicorn.Config(
        app, log_level="warning", server_header=False, timeout_graceful_shutdown=stop_seconds
    )
    try:
        # It sends the signal that stopped it once more, when all is answered.
        _Server(config, told, before_end).run(sockets=[bound])
    except KeyboardInterrupt:
        return


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, told: str, before_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told
        self._before_end = before_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._told, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._before_end()
        await super().shutdown(sockets)
