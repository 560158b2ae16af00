"""The gate's truth table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracked_project import scores

from constancy.registry.gate import judge
from constancy.settings import FACTORS
from constancy.settings.promotion import Promotion

NAMES = ["clean", *FACTORS]
PROMOTION = Promotion.model_validate(
    {"floors": dict.fromkeys(NAMES, 0.9) | {"clean": 0.97}, "margin": 0.01}
)


@pytest.mark.parametrize(
    ("candidate", "champion", "comparable", "verdict"),
    [
        (scores(0.98), None, False, "promoted"),
        (scores(0.98), None, True, "promoted"),
        (scores(0.97), None, False, "promoted"),  # a floor is held by what reaches it
        (scores(0.98, occlusion=0.89), None, False, "refused"),
        (scores(0.98, clean=0.969), None, False, "refused"),
        (scores(0.98, intra_class=0.5), scores(0.1), True, "refused"),
        (scores(0.98, occlusion=0.89), scores(0.98), False, "refused"),
        (scores(0.98), scores(0.98), True, "promoted"),
        (scores(0.98), scores(0.99), True, "promoted"),  # the margin itself is within the margin
        (scores(0.98), scores(0.98, scale=1.0), True, "challenger"),
        (scores(0.98), scores(0.98, clean=1.0), True, "challenger"),
        (scores(0.99), scores(0.98), False, "challenger"),
    ],
)
def test_the_verdict(
    candidate: dict, champion: dict | None, comparable: bool, verdict: str
) -> None:
    assert judge(candidate, PROMOTION, champion, comparable=comparable).verdict == verdict


def test_every_floor_and_every_comparison_is_a_check() -> None:
    checks = judge(scores(0.98), PROMOTION, scores(0.97), comparable=True).checks
    expected = [f"floor/{name}" for name in NAMES] + [f"champion/{name}" for name in NAMES]
    assert [check.name for check in checks] == expected
    assert checks[0].threshold == 0.97
    assert checks[-1].threshold == 0.96
    assert {check.value for check in checks} == {0.98}
    assert {check.verdict for check in checks} == {"passed"}


def test_the_reason_names_what_failed_with_its_numbers() -> None:
    judgement = judge(scores(0.98, occlusion=0.8949), PROMOTION, None, comparable=False)
    assert judgement.reason == "Refused: below the floor in occlusion (89.49%, needs 90.00%)."
    failed = [check.name for check in judgement.checks if check.verdict == "failed"]
    assert failed == ["floor/occlusion"]


accuracies = st.lists(st.floats(0, 1), min_size=8, max_size=8)


def _scores(values: list[float]) -> dict:
    return scores(0, **{name.replace("-", "_"): v for name, v in zip(NAMES, values, strict=True)})


@given(accuracies, st.none() | accuracies, st.booleans(), accuracies, st.floats(0, 1))
def test_no_model_below_a_floor_is_promoted(
    values: list[float],
    champion: list[float] | None,
    comparable: bool,
    floors: list[float],
    margin: float,
) -> None:
    promotion = Promotion.model_validate(
        {"floors": dict(zip(NAMES, floors, strict=True)), "margin": margin}
    )
    before = None if champion is None else _scores(champion)
    judgement = judge(_scores(values), promotion, before, comparable=comparable)
    below = any(value < floor - 1e-9 for value, floor in zip(values, floors, strict=True))
    assert not (below and judgement.verdict != "refused")
    if judgement.verdict == "promoted" and champion is not None:
        assert comparable
        assert all(v >= c - margin - 2e-9 for v, c in zip(values, champion, strict=True))


@given(accuracies)
def test_a_model_as_good_as_the_champion_takes_its_place(values: list[float]) -> None:
    promotion = Promotion.model_validate({"floors": dict.fromkeys(NAMES, 0.0), "margin": 0.0})
    same = _scores(values)
    assert judge(same, promotion, same, comparable=True).verdict == "promoted"
