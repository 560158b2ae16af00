"""The gate's truth table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracked_project import answers, scores

from constancy.registry.gate import Judgement, Paired, judge
from constancy.settings import FACTORS
from constancy.settings.promotion import Promotion

ACCURACIES = ["clean", *FACTORS, "combined", "sensitivity"]
PAIRED = [name for name in (*ACCURACIES, "brier") if name != "sensitivity"]  # here: no look-alikes


def promotion(margin: float = 0.04, gain: bool = False, **floors: float) -> Promotion:
    checks = {
        name: {"floor": floors.get(name.replace("-", "_"), 0.9), "margin": margin}
        for name in ACCURACIES
    }
    checks |= {"calibration_error": {"ceiling": 0.05}, "brier": {"margin": 2 * margin}}  # type: ignore[dict-item]
    values = {"checks": checks, "require_gain": gain}
    return Promotion.model_validate(values)


def judged(
    candidate: dict, champion: dict | str | None, rules: Promotion | None = None
) -> Judgement:
    today = answers(champion) if isinstance(champion, dict) else champion
    return judge(candidate, rules or promotion(), answers(candidate), today)


@pytest.mark.parametrize(
    ("candidate", "champion", "verdict"),
    [
        (scores(0.98), None, "promoted"),
        (scores(0.90), None, "promoted"),  # a floor is held by what reaches it
        (scores(0.98, occlusion=0.89), None, "refused"),
        (scores(0.98, clean=0.89), None, "refused"),
        (scores(0.98, intra_class=0.5), scores(0.1), "refused"),
        (scores(0.98, occlusion=0.89), "another task", "refused"),
        (scores(0.98), "another task", "challenger"),
        (scores(0.98), scores(0.98), "promoted"),
        (scores(0.98), scores(0.985), "promoted"),
        (scores(0.98), scores(0.97), "promoted"),
        (scores(0.98), scores(0.98, scale=1.0), "challenger"),  # 4 lost of 200: not sure enough
        (scores(0.98, scale=0.9), scores(0.98, scale=1.0), "refused"),  # 20 of 200 are
        (scores(0.98, clean=0.9), scores(0.98, clean=1.0), "refused"),
    ],
)
def test_the_verdict(candidate: dict, champion: dict | str | None, verdict: str) -> None:
    assert judged(candidate, champion).verdict == verdict


def test_an_overconfident_model_is_refused() -> None:
    candidate = scores(0.98)
    candidate["clean"]["ece"] = 0.06
    judgement = judged(candidate, None)
    assert judgement.verdict == "refused"
    assert "calibration_error (6.00%, ceiling 5.00%)" in judgement.reason


def test_every_floor_and_every_comparison_is_a_check() -> None:
    judgement = judged(scores(0.98), scores(0.98))
    assert [each.name for each in judgement.floors] == [*ACCURACIES, "calibration_error"]
    assert [each.name for each in judgement.comparisons] == PAIRED
    assert judgement.floors[0].limit == 0.9
    assert all(each.held for each in judgement.floors)
    for each in judgement.comparisons:
        assert each.gain == 0
        assert each.interval[0] < 0 < each.interval[1]
        assert (each.standing, each.images_needed) == ("non-inferior", None)


def test_without_look_alikes_their_floor_is_no_check() -> None:
    candidate = scores(0.98) | {"sensitivity": None}
    assert "sensitivity" not in [each.name for each in judged(candidate, None).floors]


def named(judgement: Judgement, name: str) -> Paired:
    return next(each for each in judgement.comparisons if each.name == name)


def test_the_reason_names_what_failed_with_its_numbers() -> None:
    judgement = judged(scores(0.98, occlusion=0.8949), None)
    assert judgement.reason == "Refused: not held: occlusion (89.49%, floor 90.00%)."
    assert [each.name for each in judgement.floors if not each.held] == ["occlusion"]
    worse = judged(scores(0.98, scale=0.9), scores(0.98, scale=1.0))
    assert worse.reason == (
        "Refused: worse than the champion: scale (-10.00%, of which 4.00% may be lost)."
    )
    assert named(worse, "scale").standing == "inferior"


def test_what_is_inconclusive_says_how_many_images_would_settle_it() -> None:
    judgement = judged(scores(0.98), scores(0.98, scale=1.0))
    scale = named(judgement, "scale")
    assert scale.standing == "inconclusive"
    assert scale.images_needed is not None
    assert scale.images_needed > 200
    assert judgement.reason.startswith("Kept as challenger: it may be worse in scale (-2.00%, -4.")
    assert judgement.reason.endswith(f"about {scale.images_needed:,} images would settle it).")


def test_a_gain_may_be_asked_for() -> None:
    rules = promotion(gain=True)
    level = judged(scores(0.98), scores(0.98), rules)
    assert (level.verdict, "nowhere better" in level.reason) == ("challenger", True)
    better = judged(scores(0.98, scale=0.99), scores(0.98, scale=0.9), rules)
    assert better.verdict == "promoted"
    assert better.reason.endswith("nowhere worse than the champion, and better in scale.")
    assert judged(scores(0.98), None, rules).verdict == "promoted"  # the first one gains all


def test_an_incomparable_champion_is_told_with_the_reason() -> None:
    judgement = judged(scores(0.98), "it tells other classes apart")
    assert judgement.comparisons == []
    assert "not comparable with the champion: it tells other classes apart." in judgement.reason


accuracies = st.lists(st.floats(0, 1), min_size=8, max_size=8)


def _scores(values: list[float]) -> dict:
    names = [name.replace("-", "_") for name in ("clean", *FACTORS)]
    return scores(0, **dict(zip(names, values, strict=True)))


@given(accuracies, st.none() | accuracies, accuracies, st.floats(0, 0.5))
@settings(max_examples=15)
def test_no_model_below_a_floor_or_far_behind_is_promoted(
    values: list[float], champion: list[float] | None, floors: list[float], margin: float
) -> None:
    names = [name.replace("-", "_") for name in ("clean", *FACTORS)]
    rules = promotion(margin, **dict(zip(names, floors, strict=True)))
    before = None if champion is None else _scores(champion)
    judgement = judged(_scores(values), before, rules)
    below = any(value < floor - 1e-9 for value, floor in zip(values, floors, strict=True))
    assert not (below and judgement.verdict != "refused")
    if judgement.verdict == "promoted":
        assert all(each.gain > -each.margin for each in judgement.comparisons)
        assert len(judgement.comparisons) == (0 if champion is None else len(PAIRED))
