"""What stands before MLflow's scoring server: limits, checks, and clear refusals."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from constancy.serving.serve.body import BodyError, check_body
from constancy.serving.serve.switch import Serving, Switch

MODEL_HEADER = "Constancy-Model"

BODY_SECONDS = 30.0
"""How long a client may take to send a request."""

AT_ONCE = 64
"""Requests in hand, from the first byte of their bodies: more would fill the memory with bodies."""

_JSON = "application/json"
_HERE = "POST images to /invocations, GET /health"


def front(switch: Switch, limit: int) -> Starlette:
    """An ASGI application with the paths of MLflow's scoring server.

    POST /invocations takes JSON of at most `limit` bytes; GET /health, /ping and /version are
    MLflow's own. Whatever is refused gets {"error_code", "message"} and no traceback. The header
    Constancy-Model names the model that answered.
    """
    in_hand = 0

    async def about(request: Request) -> Response:
        return await _ask(switch.current, request, b"")

    async def invocations(request: Request) -> Response:
        nonlocal in_hand
        if in_hand >= AT_ONCE:
            raise HTTPException(503, "too many requests at once: try again", {"Retry-After": "1"})
        in_hand += 1
        try:
            body = await _body(request, limit)
            return _clear(await _ask(switch.current, request, body))
        finally:
            in_hand -= 1

    @asynccontextmanager
    async def following(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(switch.follow())
        yield
        task.cancel()

    app = Starlette(
        routes=[
            Route("/invocations", invocations, methods=["POST"]),
            *(Route(path, about) for path in ("/health", "/ping", "/version")),
        ],
        exception_handlers={HTTPException: _refuse, ClientDisconnect: _gone, Exception: _fail},
        lifespan=following,
    )
    app.router.redirect_slashes = False
    return app


async def _body(request: Request, limit: int) -> bytes:
    """The request's body, checked. Raises HTTPException for one that the model shall not see."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise HTTPException(415, f"the Content-Type must be {_JSON}")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read(request, limit)
    except TimeoutError:
        raise HTTPException(408, f"no whole body in {BODY_SECONDS:.0f} seconds") from None
    if body is None:
        raise HTTPException(
            413,
            f"the body is larger than {limit >> 20} MB: send fewer or smaller images at once, or "
            "start the server with a larger --max-mb",
        )
    try:
        await asyncio.to_thread(check_body, body)
    except BodyError as error:
        raise HTTPException(400, str(error)) from None
    return body


async def _read(request: Request, limit: int) -> bytes | None:
    """The whole body; None for one that is larger than `limit`.

    That is read to its end all the same, and not kept: a client that still sends would take an
    answer for a broken connection. One that asks first (Expect: 100-continue, as curl does) need
    not send.
    """
    announced = request.headers.get("content-length", "")
    large = announced.isdecimal() and int(announced) > limit
    if large and request.headers.get("expect", "").lower() == "100-continue":
        return None
    body = bytearray()
    async for part in request.stream():
        large = large or len(body) + len(part) > limit
        if large:
            body.clear()
        else:
            body += part
    return None if large else bytes(body)


async def _ask(serving: Serving, request: Request, body: bytes) -> Response:
    """What the model's own server answers."""
    answer = Response(headers={MODEL_HEADER: serving.name}, media_type=_JSON)
    content = bytearray()
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return await request.receive()  # the client went away
        sent = True
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
        content.extend(message.get("body", b""))

    # Without parameters of the type, which MLflow refuses, and HEAD as GET, which it knows.
    method = "POST" if request.method == "POST" else "GET"
    headers = [(b"content-type", _JSON.encode())]
    await serving.app({**request.scope, "method": method, "headers": headers}, receive, send)
    answer.body = bytes(content)
    answer.headers["Content-Length"] = str(len(content))
    return answer


def _clear(answer: Response) -> Response:
    """The model's answer. Raises HTTPException for a refusal: MLflow's repeats all that was sent."""
    headers = {MODEL_HEADER: answer.headers[MODEL_HEADER]}
    if answer.status_code < 400:
        return answer
    if answer.status_code == 504:
        raise HTTPException(504, "the model took too long: send fewer images at once", headers)
    told = json.loads(bytes(answer.body))
    if "stack_trace" in told:
        print(told["stack_trace"], file=sys.stderr, flush=True)
        raise HTTPException(500, "the model failed; the server's log says why", headers)
    raise HTTPException(answer.status_code, told["message"].rpartition("\nError: ")[2], headers)


def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = _HERE if error.status_code in (404, 405) else error.detail
    told = {"error_code": HTTPStatus(error.status_code).name, "message": message}
    return JSONResponse(told, error.status_code, error.headers)


def _fail(request: Request, _: Exception) -> Response:
    """Starlette raises the exception again, and uvicorn writes its traceback to the log."""
    return _refuse(request, HTTPException(500, "the server failed; its log says why"))


def _gone(_: Request, __: Exception) -> Response:
    return Response()  # nobody reads it
