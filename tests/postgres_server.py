"""A real PostgreSQL on loopback, of the version that the machine has, for the time of a test."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from local_server import free_port
from nobody import open_folder

START_SECONDS = 60


@contextmanager
def postgres_server(user: str, password: str, database: str) -> Iterator[int]:
    """The port of a PostgreSQL with an empty database; skips where none is installed."""
    binaries = _binaries()
    with open_folder() as folder:
        data, secret, port = folder / "data", folder / "password", free_port()
        data.mkdir()
        secret.write_text(password)
        account = _account(data, secret)
        made = subprocess.run(
            [
                *(binaries / "initdb", "--no-sync", "--auth=scram-sha-256", "--encoding=UTF8"),
                *(f"--username={user}", f"--pwfile={secret}", f"--pgdata={data}"),
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            **account,
        )
        assert made.returncode == 0, made.stderr
        command = [
            binaries / "postgres",
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-F",
            "-k",
            "",
        ]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **account)
        try:
            client = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": user}
            client["PGPASSWORD"] = password
            _wait(binaries / "pg_isready", client, server, folder / "log")
            environment = os.environ | client
            subprocess.run([binaries / "createdb", database], env=environment, check=True)
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # end sessions and stop
            server.wait(START_SECONDS)


def _binaries() -> Path:
    """Where PostgreSQL's programs lie: Debian keeps those of each version off the path."""
    folders = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    initdb = shutil.which("initdb", path=os.pathsep.join(folders))
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    return Path(initdb).resolve().parent


def _account(*files: Path) -> dict:
    """PostgreSQL refuses to be root: who is root runs it as a user who owns nothing but `files`."""
    if os.geteuid() != 0:
        return {}
    for file in files:
        shutil.chown(file, "nobody")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _wait(
    ready: Path, client: dict[str, str], server: "subprocess.Popen[bytes]", log: Path
) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        if subprocess.run([ready, "--quiet"], env=os.environ | client, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
