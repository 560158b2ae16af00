"""A file behind an address, read through fsspec: in blocks from anywhere, or as one stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from constancy.data.failures import PassingError, RemoteError, failures_told

BLOCK = 8 * 2**20
"""Bytes asked for at a time, and so the most that a cut connection costs."""

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 10.0
"""Seconds: for a server to accept, and between any two bytes that it sends."""

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
"""What to install for a scheme."""

# What fsspec's file systems call that which changes when a file does.
_MARKS = (
    "ETag", "etag", "Last-Modified", "LastModified", "Content-MD5", "Digest", "md5Hash",
    "generation", "mtime", "created",
)  # fmt: skip


class NoRangesError(PassingError):
    """The server gives the file from its beginning only."""


@dataclass(frozen=True)
class Facts:
    """What a server tells of a file: size in bytes, if known; marks that change when it does."""

    size: int | None
    marks: dict[str, str]
    ranges: bool

    @property
    def in_blocks(self) -> bool:
        """Whether blocks that were fetched one by one can be known to be of one version."""
        return bool(self.ranges and self.size and self.marks)


class Remote:
    """A file at an address. Whatever fails there raises RemoteError."""

    def __init__(self, url: str) -> None:
        with failures_told():
            self._files, self._path = _file_system(url)
        self._is_http = url.startswith(("http://", "https://"))

    def facts(self) -> Facts:
        with failures_told():
            info = self._files.info(self._path)
        _check_is_file(info)
        marks = {name: str(info[name]) for name in _MARKS if info.get(name)}
        # Some servers announce 0 bytes when they do not know.
        return Facts(info.get("size") or None, marks, info.get("partial", True))

    def blocks(self, start: int) -> Iterator[bytes]:
        """The bytes from `start` on, each block by a request of its own; raises NoRangesError."""
        with self._open(block_size=BLOCK) as file:
            file.seek(start)
            while block := self._read(file):
                yield block

    def stream(self) -> Iterator[bytes]:
        """All bytes, over HTTP by one request; in pieces of BLOCK bytes at the most."""
        # To fsspec, HTTP in blocks of 0 is a stream; given a size, it does not ask for the real one.
        options = {"block_size": 0, "size": 1} if self._is_http else {"block_size": BLOCK}
        with self._open(**options) as file:
            while piece := self._read(file):
                yield piece

    @contextmanager
    def _open(self, **options: Any) -> Iterator[Any]:
        with failures_told():
            file = self._files.open(self._path, "rb", cache_type="none", **options)
        with file:
            _check_is_file(getattr(file, "details", {}))
            yield file

    def _read(self, file: Any) -> bytes:
        with failures_told():
            try:
                return file.read(BLOCK)
            except ValueError:  # fsspec asked for a part, and was sent the whole
                raise NoRangesError("it cannot be fetched in parts") from None


def _check_is_file(info: dict[str, Any]) -> None:
    if info.get("type") == "directory":
        raise RemoteError("it is a folder, not a file")


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for an address, and the path in it."""
    import fsspec

    scheme = url.partition("://")[0]
    configured = fsspec.config.conf.get(scheme, {})
    options = {key: value for key, value in _options(scheme).items() if key not in configured}
    try:
        files, path = fsspec.url_to_fs(url, **options)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        hint = f"`pip install constancy[{extra}]`" if extra else str(error)
        raise RemoteError(f"{scheme}:// addresses need one more package: {hint}") from None
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        known = "use a path, http://, https://, s3:// or gs://"
        raise RemoteError(f"{scheme}:// addresses cannot be read: {known}") from None
    if _EXTRAS.get(scheme) == "s3":
        files.retries = 1  # failures.Patience counts the tries
    return files, path


def _options(scheme: str) -> dict[str, Any]:
    """How fsspec's file systems should work where the user has not configured them."""
    if scheme in ("http", "https"):
        import aiohttp

        return {
            # aiohttp's own limit is five minutes for a whole file.
            "timeout": aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT
            ),
            # Offsets count in the file itself, not in a compressed form of it.
            "headers": {"Accept-Encoding": "identity"},
            "client_kwargs": {"trust_env": True},  # HTTPS_PROXY and its kin
        }
    if _EXTRAS.get(scheme) == "s3":
        return {
            "config_kwargs": {
                "connect_timeout": CONNECT_TIMEOUT,
                "read_timeout": READ_TIMEOUT,
                "retries": {"total_max_attempts": 1},
            },
            "use_listings_cache": False,
        }
    return {}
