"""Settings as flat pairs of a dotted key and a text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Such as ("train.epochs", "50") from {"train": {"epochs": 50}}; all but texts become JSON."""
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from flat(value, name)
        else:
            yield name, value if isinstance(value, str) else json.dumps(value)
