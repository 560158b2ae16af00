"""The services of compose.yaml without containers: PostgreSQL, an S3 and MLflow on loopback."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compose
from local_server import LocalServer, free_port
from postgres_server import postgres_server
from project import REPOSITORY
from s3_server import s3_server


@dataclass(frozen=True)
class TeamServer:
    """uri: of MLflow. s3: the S3's URL. settings: what a team writes into .env."""

    uri: str
    s3: str
    settings: dict[str, str]

    def login(self, user: str, password: str) -> dict[str, str]:
        """The variables with which MLflow's clients find the server and are let in."""
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password,
        }

    def bucket(self, name: str) -> Any:
        """A bucket of the S3, to look into."""
        import boto3

        resource = boto3.resource(
            "s3",
            endpoint_url=self.s3,
            region_name="us-east-1",
            aws_access_key_id=self.settings["S3_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["S3_SECRET_ACCESS_KEY"],
        )
        return resource.Bucket(name)


@contextmanager
def team_server(folder: Path) -> Iterator[TeamServer]:
    """All services, with MLflow's command line and variables as compose.yaml has them."""
    settings = {name: secrets.token_hex(16) for name in compose.required()}
    database = compose.environment("postgres", settings)
    with (
        s3_server() as s3,
        postgres_server(
            database["POSTGRES_USER"], database["POSTGRES_PASSWORD"], database["POSTGRES_DB"]
        ) as postgres,
    ):
        port = free_port()
        variables = compose.environment("mlflow", settings) | {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgres),
            # The S3 keeps its name, by which MLflow alone finds it: its clients cannot.
            "http_proxy": s3,
            "no_proxy": "",
            "MLFLOW_AUTH_CONFIG_PATH": str(REPOSITORY / "server" / "basic_auth.ini"),
        }
        # Of an option that is given twice, the last one counts.
        there = ["--host=127.0.0.1", f"--port={port}"]
        command = [sys.executable, "-m", *compose.services()["mlflow"]["command"], *there]
        server = LocalServer(command, port=port, folder=folder, variables=variables)
        team = TeamServer(server.uri, s3, settings)
        try:
            for name in compose.buckets():
                team.bucket(name).create()
            server.wait()
            yield team
        finally:
            server.stop()
