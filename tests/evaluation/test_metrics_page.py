"""docs/metrics.md names every number of metrics.json."""

import re
from collections.abc import Iterator
from typing import Any

from project import REPOSITORY

from constancy.evaluation.evaluate import Evaluation

NAMED = {"classes": "NAME", "factors": "FACTOR", "invariance": "LAYER"}


def leaves(values: Any, path: str = "") -> Iterator[str]:
    """The dotted names of all numbers, with one name for all classes, factors and layers."""
    if not isinstance(values, dict):
        yield path
        return
    for key, each in values.items():
        parent = path.rpartition(".")[2]
        name = NAMED.get(parent, key)
        if parent == "LAYER" and key not in ("units", "dead"):
            name = "FACTOR"
        yield from leaves(each, f"{path}.{name}" if path else name)


def named(text: str) -> set[str]:
    """The names in the first column of the table; `.name` stands beside the one before it."""
    found, parent = set(), ""
    for line in text.splitlines():
        for name in re.findall(r"`([^`]+)`", line.split("|")[1] if line.startswith("|") else ""):
            full = parent + name if name.startswith(".") else name
            parent = full.rpartition(".")[0]
            found.add(full)
    return found


def test_the_page_explains_every_number_and_no_other(evaluation: Evaluation) -> None:
    text = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    values = evaluation.metrics.as_json()
    del values["combined"]  # as a factor
    found = set(leaves(values)) | {"clean.top5_accuracy"}  # which three classes have not
    assert len(found) >= 44
    assert named(text) - {"metrics.json", "combined. ..."} == found
