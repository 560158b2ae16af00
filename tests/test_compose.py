"""What compose.yaml promises: nothing without a password, nothing beyond this machine, all pinned."""

import re
from typing import Any

import compose
import pytest
from project import REPOSITORY

SERVICES = compose.services()
LOCK = (REPOSITORY / "requirements.lock").read_text()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def test_every_service_has_a_health_check_and_starts_again(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_every_image_is_pinned_to_a_version(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?", service["image"])


def test_ports_are_those_of_this_machine(service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_password_has_a_default(service: dict[str, Any]) -> None:
    secrets = {
        name: value
        for name, value in service["environment"].items()
        if re.search("PASSWORD|SECRET|ACCESS_KEY", name)
    }
    assert secrets
    assert all(compose.REQUIRED.fullmatch(value) for value in secrets.values())


def test_data_is_in_named_volumes(service: dict[str, Any]) -> None:
    assert all(re.match(r"\w+:/", volume) for volume in service.get("volumes", []))


def test_mlflow_waits_for_what_it_needs() -> None:
    needed = {name: {"condition": "service_healthy"} for name in SERVICES if name != "mlflow"}
    assert SERVICES["mlflow"]["depends_on"] == needed


def test_the_example_names_what_is_required_and_has_no_passwords() -> None:
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    named = [line for line in lines if not line.startswith("#")]
    assert sorted(named) == sorted(f"{name}=" for name in compose.required())


def test_the_servers_image_is_named_after_the_locked_mlflow() -> None:
    version = SERVICES["mlflow"]["image"].partition(":")[2]
    assert f"\nmlflow=={version} " in LOCK


def test_the_servers_image_starts_from_a_pinned_one_and_is_not_root() -> None:
    dockerfile = (REPOSITORY / SERVICES["mlflow"]["build"]["dockerfile"]).read_text()
    assert re.search(r"^FROM python:3\.\d+\.\d+-slim$", dockerfile, re.MULTILINE)
    assert re.findall(r"^USER (\w+)$", dockerfile, re.MULTILINE)[-1] != "root"
    copied = re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE)
    assert all((REPOSITORY / name).exists() for name in copied)
