"""The page says up to where a model was proven to hold, and nothing that nobody tested."""

import pytest
from play_project import judged_scores

from constancy.serving.play.proven import Proven, Range, proven_ranges
from constancy.settings import Settings
from constancy.settings.flat import flat


@pytest.fixture
def settings(params: dict) -> Settings:
    return Settings.model_validate(params)


def proven(settings: Settings, judged_at: Settings) -> Proven:
    return proven_ranges(
        *("the champion", judged_scores(), dict(flat(judged_at.model_dump()))),
        settings.variation.strengths,
        settings.promotion.floors(),
        settings.variation.combine.most,
    )


@pytest.mark.parametrize(
    ("accuracies", "up_to"),
    [
        ([0.99, 0.98, 0.97, 0.96, 0.95], 5),
        ([0.99, 0.98, 0.97, 0.9, 0.89], 4),
        ([0.99, 0.8, 0.97, 0.96, 0.95], 1),  # what holds again later is not proven
        ([0.8, 0.9, 0.9, 0.9, 0.9], 0),
    ],
)
def test_a_range_ends_where_the_floor_is_first_missed(accuracies: list[float], up_to: int) -> None:
    assert Range(accuracies, 0.9).up_to == up_to


def test_a_slider_within_the_range_is_no_matter(settings: Settings) -> None:
    found = proven(settings, settings)
    assert found.beyond("viewpoint", 0) is None
    assert found.beyond("viewpoint", 5) is None
    assert found.told("viewpoint") == "proven up to 5"
    assert found.beyond("occlusion", 4) is None
    assert found.told("occlusion") == "proven up to 4"


def test_a_slider_beyond_the_range_gets_a_sentence_with_the_numbers(settings: Settings) -> None:
    found = proven(settings, settings)
    assert found.beyond("viewpoint", 6.2) == (
        "Viewpoint 6.2 is beyond what the champion was proven for (up to 5: accuracy 98.0\u202f%)."
    )
    assert found.beyond("occlusion", 4.1) == (
        "Occlusion 4.1 is beyond what the champion was proven for (up to 4: accuracy 93.0\u202f%; "
        "at 5 it is 80.0\u202f%, below the floor of 90.0\u202f%)."
    )


def test_a_factor_that_was_never_held_says_so() -> None:
    found = Proven("version 3", {"scale": Range([0.7] * 5, 0.9)}, 3)
    assert found.told("scale") == "not proven"
    assert found.beyond("scale", 0.1) == (
        "Scale 0.1 is beyond what version 3 was proven for (at 1 accuracy is 70.0\u202f%, below the "
        "floor of 90.0\u202f%)."
    )


def test_several_factors_at_once_have_a_range_of_their_own(settings: Settings) -> None:
    found = proven(settings, settings)
    two = {"viewpoint": 5.0, "scale": 1.0, "clutter": 0.0}
    assert found.beyond_together(two) is None
    said = found.beyond_together(two | {"scale": 5.5})
    assert said is not None
    assert said.startswith("2 factors at once, at severity 5.5, are beyond what the champion")
    assert "up to 5: accuracy 90.0\u202f%" in said
    four = dict.fromkeys(("viewpoint", "scale", "clutter", "occlusion"), 0.1)
    assert found.beyond_together(four) == (
        "4 factors at once are beyond what the champion was proven for (up to 3 at once)."
    )
    assert found.beyond_together({"viewpoint": 7.0}) is None  # which its own sentence tells
    assert found.beyond_together({"viewpoint": 5.0, "intra-class": 5.0}) is None


def test_what_was_tested_at_other_strengths_proves_nothing_here(
    settings: Settings, params: dict
) -> None:
    params["variation"]["strengths"]["viewpoint"]["tilt"] = [1, 2, 3, 4, 5]
    found = proven(settings, Settings.model_validate(params))
    assert "viewpoint" not in found.ranges
    assert "combined" not in found.ranges
    assert found.ranges["scale"].up_to == 5
    assert found.told("viewpoint") == "proven at other strengths than those of params.yaml"
    assert found.beyond("viewpoint", 7) is None


def test_a_model_without_a_record_is_proven_for_nothing(settings: Settings) -> None:
    found = proven_ranges("this model", None, {}, settings.variation.strengths, {}, 3)
    assert found.told("viewpoint") == "proven for nothing on record"
    assert found.beyond_together({"viewpoint": 7.0, "scale": 7.0}) is None
