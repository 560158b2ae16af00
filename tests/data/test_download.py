"""Files come whole from bad servers over bad lines, or not at all, and with a reason."""

import errno
import hashlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_lines import BLOCK, DATA, OTHER
from http_server import HttpServer
from local_server import free_port
from s3_server import line_to, put, s3_server, use_s3

from constancy.data import download, failures, remote
from constancy.data.download import DOWNLOADS, local_file
from constancy.data.small_files import Problem, read_all
from constancy.errors import UserError
from constancy.progress import progress

pytestmark = pytest.mark.usefixtures("in_tmp", "small_and_quick")

SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


def fetch(place: str, sha256: str | None = None) -> bytes:
    with local_file(place, sha256) as path:
        return path.read_bytes()


def kept() -> list[Path]:
    """What lies in the downloads' folder, but for the locks."""
    files = (path for path in DOWNLOADS.rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(files)


def part() -> Path:
    (path,) = (path for path in kept() if path.suffix != ".json")
    return path


def test_a_path_is_used_where_it_lies(in_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (in_tmp / "a.bin").write_bytes(DATA)
    monkeypatch.setenv("HOME", str(in_tmp))
    for place in ("a.bin", "~/a.bin", str(in_tmp / "a.bin"), f"file://{in_tmp}/a.bin"):
        with local_file(place, SHA256) as path:
            assert path == in_tmp / "a.bin"
    assert (in_tmp / "a.bin").read_bytes() == DATA
    with pytest.raises(UserError, match=r"^data.source: there is no file at nowhere.bin"):
        fetch("nowhere.bin")
    with pytest.raises(UserError, match=rf"^data.sha256: a.bin has the hash {SHA256}, not 0{{64}}"):
        fetch("a.bin", "0" * 64)


def test_any_file_system_of_fsspec_will_do() -> None:
    import fsspec

    with fsspec.open("memory://pets/a.bin", "wb") as file:
        file.write(DATA)
    assert fetch("memory://pets/a.bin", SHA256) == DATA


def test_a_download_keeps_its_name_and_is_gone_after_the_block(server: HttpServer) -> None:
    url = server.serve("pets.tar.gz", DATA)
    with local_file(f"{url}?token=s3cret", SHA256) as path:
        assert path.name == "pets.tar.gz"
        assert path.read_bytes() == DATA
    assert kept() == []
    with pytest.raises(RuntimeError), local_file(url, None):
        raise RuntimeError
    assert list(DOWNLOADS.iterdir()) == []  # of the locks neither


@pytest.mark.parametrize("data", [b"", b"x", DATA[:BLOCK], DATA[: 2 * BLOCK]])
@pytest.mark.parametrize("ranges", [True, False])
def test_sizes_at_the_edges_of_blocks(server: HttpServer, data: bytes, ranges: bool) -> None:
    assert fetch(server.serve("a.bin", data, ranges=ranges)) == data


@pytest.mark.parametrize("reset", [True, False])
def test_a_connection_cut_often_costs_no_more_than_a_block_each_time(
    server: HttpServer, reset: bool
) -> None:
    cuts = [BLOCK // 2, 10**9] * 8  # far more often than one try after another would bear
    assert fetch(server.serve("a.bin", DATA, cuts=cuts, reset=reset), SHA256) == DATA
    assert len(server.ranges) > 8
    assert len(DATA) < server.sent <= len(DATA) + 8 * BLOCK
    starts = [int(each.removeprefix("bytes=").partition("-")[0]) for each in server.ranges]
    assert starts == sorted(starts)


def test_without_ranges_each_try_begins_anew(server: HttpServer) -> None:
    cuts = [10**9, 10**9, 5 * BLOCK, 7 * BLOCK]  # two GETs find out that there are no ranges
    url = server.serve("a.bin", DATA, ranges=False, cuts=cuts, reset=False)
    assert fetch(url, SHA256) == DATA
    assert server.sent > len(DATA) + 12 * BLOCK


def test_a_cut_is_borne_however_long_the_bytes_were_coming(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PATIENCE", 0.4)
    url = server.serve("a.bin", DATA, etag="", cuts=[9 * BLOCK], reset=False, pause=0.015)
    begun = time.monotonic()
    assert fetch(url) == DATA
    assert time.monotonic() - begun > 0.8
    server.serve("a.bin", DATA, cuts=[9 * BLOCK], reset=False, pause=0.015)
    assert list(read_all([url], limit=10**9)) == [DATA]
    # Nor does it matter that no block was whole yet.
    monkeypatch.setattr(remote, "BLOCK", len(DATA))
    url = server.serve("b.bin", DATA, cuts=[9 * BLOCK] * 2, reset=False, pause=0.015)
    assert fetch(url) == DATA


def test_without_anything_that_tells_versions_apart_nothing_is_glued(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, etag="", cuts=[5 * BLOCK])
    assert fetch(url) == DATA
    assert server.ranges == []
    server.serve("a.bin", DATA, etag="", cuts=[5 * BLOCK] * 5)
    with pytest.raises(UserError, match="the connection was cut"):
        fetch(url)
    server.serve("a.bin", OTHER, etag="")
    assert fetch(url) == OTHER


def test_a_server_that_comes_back_is_waited_for(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, statuses=[503] * 4)  # two tries, of HEAD and GET each
    assert fetch(url, SHA256) == DATA


def test_a_body_that_ends_early_never_passes_for_whole(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, ranges=False, cuts=[3 * BLOCK] * 99, reset=False)
    with pytest.raises(UserError, match="could not be fetched: the connection was cut"):
        fetch(url)


@pytest.mark.parametrize(
    ("statuses", "reason", "requests"),
    [
        ([404] * 9, "not found", 2),
        ([403] * 9, r"access refused \(HTTP 403\)", 2),
        ([401] * 9, r"access refused \(HTTP 401\)", 2),
        ([400] * 9, r"the server refused it \(HTTP 400\)", 2),
        ([429] * 99, r"the server is busy or broken \(HTTP 429\)", 10),
        ([500] * 99, r"the server is busy or broken \(HTTP 500\)", 10),
    ],
)
def test_only_what_may_pass_is_tried_again(
    server: HttpServer, statuses: list[int], reason: str, requests: int
) -> None:
    url = server.serve("a.bin", DATA, statuses=statuses)
    with pytest.raises(UserError, match=rf"^data.source: {url} could not be fetched: {reason}$"):
        fetch(url)
    assert len(server.requests) == requests
    assert kept() == []


def test_a_server_that_is_down_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "WAIT", 0.1)
    url = f"http://127.0.0.1:{free_port()}/a.bin"
    begun = time.monotonic()
    with pytest.raises(UserError, match=f"^data.source: {url} could not .*: connection refused$"):
        fetch(url)
    # Four waits of 1 + 2 + 4 + 8 units, and at most one more each; at 0.5 s a unit that is 9.5 s.
    assert 15 * 0.1 <= time.monotonic() - begun < 19 * 0.1 + 3


def test_a_server_that_says_nothing_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "PATIENCE", 0.5)
    monkeypatch.setattr(remote, "READ_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.bin"
        with pytest.raises(UserError, match="timed out"):
            fetch(url)


def test_the_next_call_goes_on_where_the_last_one_failed(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = []

    def watched(*args: object, **kwargs: object) -> object:
        bars.append(progress(*args, **kwargs))  # type: ignore[arg-type]
        return bars[-1]

    monkeypatch.setattr(download, "progress", watched)
    url = server.serve("a.bin", DATA, cuts=[10**9] * 6 + [0] * 99)
    with pytest.raises(UserError, match="the connection was cut"):
        fetch(url)
    assert part().stat().st_size == 6 * BLOCK
    server.requests.clear()
    server.files["/a.bin"].cuts.clear()
    assert fetch(url, SHA256) == DATA
    assert server.sent == len(DATA) - 6 * BLOCK
    assert (bars[-1].initial, bars[-1].n, bars[-1].total) == (6 * BLOCK, len(DATA), len(DATA))


def test_a_note_that_was_damaged_is_not_believed(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, cuts=[10**9] * 6 + [0] * 99)
    with pytest.raises(UserError):
        fetch(url)
    part().with_name("a.bin.json").write_bytes(b"")
    server.files["/a.bin"].cuts.clear()
    assert fetch(url, SHA256) == DATA


def test_two_versions_are_never_glued_together(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, cuts=[10**9] * 6 + [0] * 99)
    with pytest.raises(UserError):
        fetch(url)
    server.serve("a.bin", OTHER, etag='"2"')
    assert fetch(url) == OTHER


def test_a_version_that_changes_midway_is_fetched_from_its_beginning(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA, hold=5 * BLOCK)

    def change() -> None:
        server.held.wait(10)
        server.serve("a.bin", OTHER, etag='"2"')
        server.over.set()

    changer = threading.Thread(target=change)
    changer.start()
    assert fetch(url) == OTHER
    changer.join(10)


def test_a_process_killed_midway_leaves_what_the_next_one_goes_on_with(
    in_tmp: Path, server: HttpServer
) -> None:
    url = server.serve("a.bin", DATA, hold=6 * BLOCK)
    code = (
        "import sys; from constancy.data import remote, download; remote.BLOCK = 65536\n"
        "with download.local_file(sys.argv[1], None) as path: sys.stdout.write(path.name)"
    )
    command = [sys.executable, "-c", code, url]
    with subprocess.Popen(command, cwd=in_tmp) as process:
        held = server.held.wait(60)
        process.send_signal(signal.SIGKILL)
    assert held
    assert process.returncode == -signal.SIGKILL
    assert part().read_bytes() == DATA[: 6 * BLOCK]
    server.requests.clear()
    server.files["/a.bin"].hold = None
    done = subprocess.run([*command, url], cwd=in_tmp, capture_output=True, timeout=60, text=True)
    assert done.stdout == "a.bin", done.stderr
    assert server.sent == len(DATA) - 6 * BLOCK
    assert server.ranges[0].startswith(f"bytes={6 * BLOCK}-")


def test_a_process_killed_while_it_used_the_file_leaves_it_to_the_next(
    in_tmp: Path, server: HttpServer
) -> None:
    url = server.serve("a.bin", DATA)
    code = (
        "import sys; from constancy.data.download import local_file\n"
        "with local_file(sys.argv[1], None): print('here', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, url]
    with subprocess.Popen(command, cwd=in_tmp, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline() == b"here\n"
        process.kill()
    server.requests.clear()
    assert fetch(url, SHA256) == DATA
    assert server.sent == 0
    assert kept() == []


def test_a_wrong_hash_removes_the_download(server: HttpServer) -> None:
    url = server.serve("a.bin", OTHER)
    with pytest.raises(UserError, match=rf"^data.sha256: {url} has the hash .*, not {SHA256}: "):
        fetch(url, SHA256)
    assert kept() == []
    server.serve("a.bin", DATA)  # under the same ETag
    assert fetch(url, SHA256) == DATA


def test_two_calls_at_once_do_not_write_one_file(server: HttpServer) -> None:
    url = server.serve("a.bin", DATA)
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(fetch(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == [DATA] * 4


def test_our_own_full_disk_is_no_fault_of_the_server(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.serve("a.bin", DATA)
    usual = Path.open

    def full(self: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        if mode == "ab":
            raise OSError(errno.ENOSPC, "No space left on device")
        return usual(self, mode, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(url)
    assert len(server.requests) < 4


def test_passwords_are_used_but_never_told(server: HttpServer) -> None:
    host = server.url.removeprefix("http://")
    server.serve("a.bin", DATA, login="me:s3cret")
    assert fetch(f"http://me:s3cret@{host}/a.bin") == DATA
    messages = []
    for place, sha256 in [
        (f"http://me:wr0ng@{host}/a.bin?sig=s3cret", None),
        (f"http://me:s3cret@{host}/b.bin?sig=s3cret#s3cret", None),
        (f"http://me:s3cret@{host}/a.bin?sig=s3cret", "0" * 64),
        ("http://me:s3cret@127.0.0.1:bad/a.bin?sig=s3cret", None),
        ("nosuch://me:s3cret@host/a.bin?sig=s3cret", None),
    ]:
        with pytest.raises(UserError, match=r"^data\.") as caught:
            fetch(place, sha256)
        messages.append(str(caught.value))
    assert not [text for text in messages if "s3cret" in text or "wr0ng" in text or "me:" in text]
    assert not [path for path in kept() if "s3cret" in str(path) or b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize("location", ["file://{folder}/local.txt", "ftp://x/y", "memory://x/y"])
def test_a_redirect_leads_nowhere_but_to_http(
    in_tmp: Path, server: HttpServer, location: str
) -> None:
    (in_tmp / "local.txt").write_text("private")
    target = location.format(folder=in_tmp)
    url = server.serve("a.bin", b"", location=target)
    with pytest.raises(UserError, match="leads to an address that is not http"):
        fetch(url)
    assert list(read_all([url], limit=100)) == [Problem("it leads to an address that is not http")]
    server.serve("a.bin", b"", location=server.serve("b.bin", DATA))
    assert fetch(url, SHA256) == DATA


def test_what_cannot_be_read_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.registry import _registry

    with pytest.raises(UserError, match="nosuch:// addresses cannot be read: use a path, http"):
        fetch("nosuch://x/y.zip")
    for scheme, module, extra in [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gs")]:
        monkeypatch.delitem(_registry, scheme, raising=False)
        monkeypatch.setitem(sys.modules, module, None)
        hint = rf"{scheme}:// addresses need one more package: `pip install constancy\[{extra}\]`"
        with pytest.raises(UserError, match=hint):
            fetch(f"{scheme}://x/y.zip")


def test_a_file_comes_from_s3(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = put(s3, "pets", "sets/a.bin", DATA)
    use_s3(monkeypatch, s3)
    assert fetch(url, SHA256) == DATA
    assert kept() == []


def test_a_file_comes_from_s3_over_a_line_that_is_cut(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(s3, "pets", "sets/a.bin", DATA)
    with line_to(s3, [BLOCK // 2, 3 * BLOCK, 8 * BLOCK]) as line:
        use_s3(monkeypatch, line.url)
        assert fetch(url, SHA256) == DATA
    assert line.cuts == []
    assert line.passed < len(DATA) + 4 * BLOCK


def test_a_changed_object_of_s3_is_fetched_anew(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = put(s3, "pets", "sets/a.bin", DATA)
    with line_to(s3, [*range(4 * BLOCK, 9 * BLOCK, 100)]) as line:
        use_s3(monkeypatch, line.url)
        with pytest.raises(UserError, match="the connection was cut"):
            fetch(url)
    assert 0 < part().stat().st_size < len(DATA)
    put(s3, "pets", "sets/a.bin", OTHER)
    use_s3(monkeypatch, s3)
    assert fetch(url) == OTHER


@pytest.mark.parametrize(
    ("url", "credentials", "reason"),
    [
        ("s3://pets/nowhere.bin", True, "not found"),
        ("s3://no-such-bucket/a.bin", True, "not found"),
        ("s3://pets/sets", True, "it is a folder, not a file"),
        ("s3://pets", True, "it is a folder, not a file"),
        ("s3://pets/sets/a.bin", False, "no credentials: set AWS_ACCESS_KEY_ID and "),
    ],
)
def test_what_s3_does_not_give_is_told(
    s3: str, monkeypatch: pytest.MonkeyPatch, url: str, credentials: bool, reason: str
) -> None:
    monkeypatch.setattr(failures, "WAIT", 60)  # nothing of this is tried again
    put(s3, "pets", "sets/a.bin", DATA)
    use_s3(monkeypatch, s3, credentials=credentials)
    with pytest.raises(UserError, match=f"^data.source: {url} could not be fetched: {reason}"):
        fetch(url)
    if url != "s3://pets":  # a bucket is refused in other words
        (problem,) = read_all([url], limit=10**9)
        assert isinstance(problem, Problem)
        assert problem.reason.startswith(reason)


def test_an_s3_that_is_down_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    use_s3(monkeypatch, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(UserError, match="connection refused"):
        fetch("s3://pets/a.bin")


def test_a_public_bucket_needs_no_credentials(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    url = put(s3, "pets", "sets/public.bin", DATA, acl="public-read")
    use_s3(monkeypatch, s3, credentials=False)
    # As fsspec reads FSSPEC_S3_ANON=true when it is imported.
    monkeypatch.setitem(fsspec.config.conf, "s3", {"anon": True})
    assert fetch(url, SHA256) == DATA
