"""docs/metrics.md names every number of metrics.json."""

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


def test_every_number_is_explained(evaluation: Evaluation) -> None:
    text = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    values = evaluation.metrics.as_json()
    del values["combined"]  # as a factor
    found = set(leaves(values))
    assert len(found) >= 40
    for name in found:
        short = name.rpartition(".")[2]
        assert f"`{name}`" in text or f"`.{short}`" in text, name
