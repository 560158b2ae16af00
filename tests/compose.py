"""The services of compose.yaml, with what compose would put in for variables."""

import re
from typing import Any

from project import REPOSITORY
from ruamel.yaml import YAML

FILE = REPOSITORY / "compose.yaml"
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")
"""A variable without which compose starts nothing."""


def services() -> dict[str, Any]:
    """The services as they stand in the file."""
    return YAML(typ="safe").load(FILE.read_text())["services"]


def required() -> set[str]:
    """The variables without which compose starts nothing."""
    return set(REQUIRED.findall(FILE.read_text()))


def environment(service: str, values: dict[str, str]) -> dict[str, str]:
    """The variables of a service, with `values` for those that are required."""
    stated = services()[service]["environment"]
    return {
        name: REQUIRED.sub(lambda match: values[match[1]], text)
        for name, text in stated.items()
        if text is not None
    }


def buckets() -> list[str]:
    """The buckets that the S3 makes when it starts."""
    (option,) = (each for each in services()["s3"]["command"] if each.startswith("-bucket="))
    return option.removeprefix("-bucket=").split(",")
