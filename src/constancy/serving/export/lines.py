"""What was exported, for people and as plain values."""

from collections.abc import Iterator
from typing import Any

from constancy.evaluation.comparison_page import comparison_lines
from constancy.serving.export.check import SIZES
from constancy.serving.export.cost import Cost
from constancy.serving.export.export import Exported


def exported_lines(exported: Exported) -> str:
    """The file, its check and its speed; of a quantised one also what that costs."""
    return "\n".join(_lines(exported))


def exported_json(exported: Exported) -> dict[str, Any]:
    """The same, and all changed images, as plain values."""
    return {
        "file": str(exported.file),
        "bytes": exported.size,
        "images": exported.images,
        "largest_difference": exported.difference,
        "images_a_second": exported.speeds,
        "int8": exported.cost and exported.cost.as_json(),
    }


def _lines(exported: Exported) -> Iterator[str]:
    before = "" if exported.cost is None else ", before quantisation"
    sizes = ", ".join(str(size) for size in SIZES[:-1])
    yield f"file        {exported.file}, {exported.size / 1e6:.2f} MB"
    yield (
        f"check       {exported.images} test images, {sizes} and {SIZES[-1]} at once{before}: the "
        f"same labels, probabilities within {exported.difference:.1g}"
    )
    batches = next(iter(exported.speeds.values()))
    yield f"\n{'images a second':22}" + "".join(f"{f'{size} at once':>14}" for size in batches)
    for name, speeds in exported.speeds.items():
        yield f"{name:22}" + "".join(f"{speed:14,.0f}" for speed in speeds.values())
    if exported.cost:
        yield ""
        yield comparison_lines(exported.cost.comparison, "original", "int8")
        yield ""
        yield from _gate(exported.cost)


def _gate(cost: Cost) -> Iterator[str]:
    """A line for each check of the gate, and what follows."""
    floors = {each.name: each for each in cost.floors}
    margins = {each.name: each for each in cost.comparisons}
    yield f"{'gate':20}{'int8':>8}{'limit':>8}  {'':10}{'margin':>8}"
    for name in floors | margins:
        floor, margin = floors.get(name), margins.get(name)
        value = floor.value if floor else margins[name].value
        line = f"{name:20}{value:8.4f}"
        line += (
            f"{floor.limit:8g}  {'held' if floor.held else 'not held':10}" if floor else " " * 20
        )
        yield (line + (f"{margin.margin:8g}  {margin.standing}" if margin else "")).rstrip()
    yield (
        f"\nThe gate would not let it pass: {', '.join(cost.missed)}."
        if cost.missed
        else "\nThe gate would let it pass: every floor is held, nowhere worse than the original."
    )
