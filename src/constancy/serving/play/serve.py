"""The page served on this machine alone, by Gradio, which is told to stay there."""

import os
import signal
import sys
import warnings
from collections.abc import Awaitable, Callable
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constancy.ports import HOST, bound
from constancy.serving.http_server import serve_app
from constancy.serving.play import bring
from constancy.serving.play.playground import Playground

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

_GRADIO = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
_QUICK_END = 1  # seconds that an open page may keep the server from ending

# Whatever Gradio's page may ask of other machines one day, the browser does not let it. It builds
# functions from templates, so that it has to be allowed to.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "frame-ancestors 'none'",
    )
)


def serve(playground: Playground, port: int) -> None:
    """Serve the page until it is interrupted. What is uploaded lies in a folder that ends with it."""
    with TemporaryDirectory(prefix="constancy-play-") as uploads:
        # Which Gradio reads as it is imported.
        os.environ.update(_GRADIO | {"GRADIO_TEMP_DIR": uploads})
        # Whoever stops this command, by Ctrl-C, a signal or the end of the terminal, ends it quietly.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        app = application(playground)
        told = f"Play: http://{HOST}:{port} (Ctrl-C stops it)"
        with bound(HOST, port) as place:
            serve_app(app, place, told, _QUICK_END, lambda: _let_go(app))


def _let_go(app: "FastAPI") -> None:
    """End the streams by which Gradio knows that pages are open; of mounted pages nobody else does."""
    for route in app.routes:
        if event := getattr(getattr(route, "app", None), "stop_event", None):
            event.set()


def application(playground: Playground) -> "FastAPI":
    """The page as an application: it answers to this machine's name alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gradio's own, about what it imports

        import gradio
        from fastapi import FastAPI
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        from constancy.serving.play.gate import Gate
        from constancy.serving.play.page import build_page, style_sheet, theme

    unlisted: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    app = FastAPI(**unlisted)
    # Else a page from elsewhere could reach this one under a name of its own (DNS rebinding).
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.add_middleware(Gate)

    @app.middleware("http")
    async def keep_here(
        request: "Request", call_next: "Callable[[Request], Awaitable[Response]]"
    ) -> "Response":
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    page = build_page(playground)
    # Gradio takes files from visitors alone, and none that lie on this machine, only once a page is
    # launched, which it forgets to say of pages that are mounted.
    page.has_launched = True
    return gradio.mount_gradio_app(
        app,
        page,
        path="/",
        app_kwargs=unlisted,
        server_name=HOST,
        theme=theme(),
        head=f"<style>{style_sheet()}</style>",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        show_error=False,
        max_file_size=bring.MAX_UPLOAD,
    )
