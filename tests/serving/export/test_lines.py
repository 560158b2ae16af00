"""What is printed of a quantised model, and whether the gate would let it pass."""

from dataclasses import replace
from pathlib import Path

from tracked_project import answers, scores

from constancy.evaluation.compared import compare
from constancy.registry.gate import Floor, compare_scores
from constancy.serving.export.cost import Cost
from constancy.serving.export.export import Exported
from constancy.serving.export.lines import exported_lines
from constancy.settings import Settings


def exported(params: dict, scale: float) -> Exported:
    """One that is as good as the original but under scale."""
    one, other = answers(scores(0.98)), answers(scores(0.98, scale=scale))
    promotion = Settings.model_validate(params).promotion
    cost = Cost(
        comparison=compare(one, other),
        floors=[Floor("scale", scale, 0.9, scale >= 0.9)],
        comparisons=list(compare_scores(one, other, promotion)),
        answered=one,
    )
    speeds = {"PyTorch": {1: 100.0, 64: 2000.0}}
    return Exported(Path("some.onnx"), 1_500_000, 4e-7, 273, speeds, cost)


def test_a_model_that_lost_nothing_passes(params: dict) -> None:
    found = exported(params, 0.98)
    assert found.cost
    assert found.cost.missed == []
    lines = exported_lines(found).splitlines()
    assert lines[0] == "file        some.onnx, 1.50 MB"
    assert lines[4].split() == ["PyTorch", "100", "2,000"]
    assert lines[-1] == (
        "The gate would let it pass: every floor is held, nowhere worse than the original."
    )


def test_what_was_lost_is_named(params: dict) -> None:
    found = exported(params, 0.5)
    assert found.cost
    assert found.cost.missed == ["scale"]
    text = exported_lines(found)
    assert text.endswith("The gate would not let it pass: scale.")
    row = next(line for line in text.splitlines() if "not held" in line)
    assert row.split() == ["scale", "0.5000", "0.9", "not", "held", "0.03", "inferior"]


def test_what_may_have_been_lost_is_named_too(params: dict) -> None:
    found = exported(params, 0.955)
    assert found.cost
    (scale,) = (each for each in found.cost.comparisons if each.name == "scale")
    assert scale.standing == "inconclusive"
    assert replace(found.cost, floors=[]).missed == ["scale"]


def test_a_file_that_is_not_quantised_has_no_tables(params: dict) -> None:
    lines = exported_lines(replace(exported(params, 0.98), cost=None)).splitlines()
    assert len(lines) == 5
    assert "quantisation" not in lines[1]
