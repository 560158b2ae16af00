"""What reaches Gradio: what its own page asks for, and nothing that another page sends."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from constancy.serving.play.bring import MAX_UPLOAD

_API = "/gradio_api/"
_NEEDED = (
    *("upload", "upload_progress", "run/predict", "queue/join", "queue/data", "cancel", "reset"),
    *("heartbeat", "startup-events", "info", "app_id", "theme.css"),
)
"""Of Gradio's routes those that the page uses; others fetch addresses and files for who asks."""

_FORM = 1_000_000  # bytes of a request around the file that it brings


class Gate:
    """A browser sends what any page asks for to this one, too, also where it keeps the answer back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = _refused(scope) if scope["type"] == "http" else None
        await (refused or self.app)(scope, receive, send)


def _refused(scope: Scope) -> PlainTextResponse | None:
    """The answer to what is not let through."""
    headers, path = Headers(scope=scope), scope["path"]
    if path.startswith(_API):
        if not any(f"{path}/".startswith(f"{_API}{each}/") for each in _NEEDED):
            return PlainTextResponse("this page has no use for it", 403)
        origin = headers.get("origin", own := f"http://{headers.get('host')}")
        if origin != own or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return PlainTextResponse("for this page's own requests alone", 403)
    if scope["method"] not in ("GET", "HEAD"):
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return PlainTextResponse("how long is the body?", 411)
        if int(length) > MAX_UPLOAD + _FORM:
            return PlainTextResponse(f"at most {MAX_UPLOAD:,} bytes", 413)
    return None
