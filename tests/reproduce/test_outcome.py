"""Verdicts on a rerun."""

from copy import deepcopy

import pytest

from constancy.reproduce.outcome import Score, compare

SCORES = {
    "clean": {"accuracy": 0.9, "accuracy_interval": [0.88, 0.92], "count": 100},
    "factors": {"scale": {"accuracy": 0.8, "accuracy_interval": [0.75, 0.85], "harmful": 0.1}},
    "worst_cluster": None,
    "suite": "5",
}


def test_the_same_weights_and_metrics_are_identical() -> None:
    assert compare(("a", "a"), SCORES, deepcopy(SCORES))[::2] == ("identical", [])


@pytest.mark.parametrize(
    ("accuracy", "verdict", "within"),
    [(0.84, "within tolerance", True), (0.75, "within tolerance", True), (0.86, "differs", False)],
)
def test_scores_are_held_to_the_intervals_of_the_version(
    accuracy: float, verdict: str, within: bool
) -> None:
    rerun = deepcopy(SCORES)
    rerun["factors"]["scale"]["accuracy"] = accuracy
    rerun["factors"]["scale"]["accuracy_interval"] = [0, 1]
    found, reason, scores = compare(("a", "b"), SCORES, rerun)
    assert found == verdict
    assert scores == [Score("factors.scale.accuracy", 0.8, accuracy, 0.75, 0.85)]
    assert scores[0].within == within
    assert reason.startswith("Other weights")
    assert ("factors.scale.accuracy" in reason) == (not within)


def test_other_weights_with_the_same_metrics_are_not_identical() -> None:
    verdict, _, scores = compare(("a", "b"), SCORES, SCORES)
    assert (verdict, scores) == ("within tolerance", [])


def test_a_score_that_the_rerun_has_not_is_no_reason_to_fail() -> None:
    rerun = {key: value for key, value in SCORES.items() if key != "factors"}
    assert compare(("a", "b"), SCORES, rerun)[0] == "within tolerance"


def test_scores_without_intervals_are_within_nothing() -> None:
    version, rerun = {"clean": {"accuracy": 0.9}}, {"clean": {"accuracy": 0.1}}
    verdict, reason, _ = compare(("a", "b"), version, rerun)
    assert verdict == "differs"
    assert "no intervals" in reason
