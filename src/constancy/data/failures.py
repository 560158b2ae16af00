"""Why something far away could not be fetched, in few words, and how often it is tried again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from constancy.addresses import without_secrets

Result = TypeVar("Result")

TRIES = 5
"""Failures in a row after which nobody waits any longer."""
PATIENCE = 15.0
"""Seconds without any answer after which a failure is the last."""
WAIT = 0.5
"""Seconds before the second try; they double up to eight times as much, and up to one more."""


class RemoteError(Exception):
    """Why something could not be fetched: a few words, without the secrets of its address."""


class PassingError(RemoteError):
    """Another try may succeed."""


class SilentError(PassingError):
    """Nobody answered at all."""


class Patience:
    """How often a failed call is tried again: until `tries` failures in a row brought nothing new,
    or there was nothing to be heard for too long."""

    def __init__(self, tries: int = TRIES) -> None:
        self._tries = tries
        self._failures = self._furthest = 0
        self._heard = False
        self._silent_since = time.monotonic()

    def heard(self, offset: int = 0) -> None:
        """To be called when an answer came; more bytes to keep than ever before renew the tries."""
        self._heard = True
        if offset > self._furthest:
            self._furthest = offset
            self._failures = 0

    def bring(self, call: Callable[[], Result]) -> Result:
        """What the call returns, after as many PassingErrors as the patience bears."""
        import tenacity

        wait = tenacity.wait_exponential(multiplier=WAIT, max=8 * WAIT)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            wait=wait + tenacity.wait_random(0, WAIT),
            stop=self._is_over,
            reraise=True,
        )
        return retrying(call)

    def _is_over(self, _: object) -> bool:
        """Asked once after each failure."""
        now = time.monotonic()
        if self._heard:
            # However long its block took to come: the silence begins with the failure.
            self._heard, self._silent_since = False, now
        self._failures += 1
        return self._failures >= self._tries or now - self._silent_since > PATIENCE


@contextmanager
def failures_told() -> Iterator[None]:
    """Whatever a file system of fsspec's raises, as a RemoteError."""
    try:
        yield
    except RemoteError:
        raise
    except Exception as error:
        raise _failure(error) from None


_S3_KEYS = (
    "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public "
    "bucket set FSSPEC_S3_ANON=true"
)

# Errors of aiohttp, botocore, s3fs and Python by the names of their classes, so that no client
# need be installed to tell them apart. The first line that fits tells the failure: what speaks
# for itself; then the HTTP status, if there was an answer; then what says less.
_Rule = tuple[set[str], type[RemoteError], str]
_CLEAR: list[_Rule] = [
    ({"FileExpired"}, PassingError, "it changed while it was fetched"),
    ({"ClientPayloadError"}, PassingError, "the connection was cut"),  # its cause claims status 400
    ({"NoCredentialsError", "PartialCredentialsError"}, RemoteError, _S3_KEYS),
    ({"PermissionError"}, RemoteError, "access refused"),
    ({"NonHttpUrlClientError"}, RemoteError, "it leads to an address that is not http"),
    ({"InvalidURL"}, RemoteError, "it is no valid address"),
    ({"SSLCertVerificationError"}, RemoteError, "its certificate is not trusted"),
]
_VAGUE: list[_Rule] = [
    ({"TimeoutError", "Timeout"}, SilentError, "timed out"),
    ({"ConnectionRefusedError"}, SilentError, "connection refused"),
    ({"gaierror"}, SilentError, "its host was not found"),
    ({"ClientConnectorError", "EndpointConnectionError"}, SilentError, "no connection"),
    (
        {"ClientError", "ConnectionError", "HTTPClientError", "IncompleteReadError"},
        PassingError,
        "the connection was cut",
    ),
]


def _failure(error: Exception) -> RemoteError:
    # fsspec tells of a refused connection as of a missing file; the causes beneath know better.
    chain = list(_chain(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    for kinds, failure, reason in _CLEAR:
        if kinds & names:
            return failure(reason)
    if status := next(filter(None, map(_status, chain)), None):
        return _refusal(status)
    for kinds, failure, reason in _VAGUE:
        if kinds & names:
            return failure(reason)
    root = chain[-1]
    if isinstance(root, FileNotFoundError):
        return RemoteError("not found")
    return RemoteError(without_secrets(" ".join(str(root).split())) or type(root).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _status(error: BaseException) -> int | None:
    """The HTTP status in an error of aiohttp, gcsfs or botocore."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    status = getattr(error, "status", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else None


def _refusal(status: int) -> RemoteError:
    if status in (404, 410):
        return RemoteError("not found")
    if status in (401, 403):
        return RemoteError(f"access refused (HTTP {status})")
    if status in (408, 429) or status >= 500:
        return PassingError(f"the server is busy or broken (HTTP {status})")
    return RemoteError(f"the server refused it (HTTP {status})")
