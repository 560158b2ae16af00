"""Two models on the same images: differences as known beforehand, and their intervals."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from html_page import Page
from scipy import stats

from constancy.errors import UserError
from constancy.evaluation.compared import Difference, compare, mcnemar
from constancy.evaluation.comparison_page import comparison_lines, render_comparison
from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.write import predictions_of
from constancy.settings.base import FACTORS


@pytest.fixture
def one(evaluation: Evaluation) -> Predictions:
    return predictions_of(evaluation)


def perfect(model: Predictions) -> Predictions:
    """One that answers everything rightly."""
    eye = np.eye(len(model.classes), dtype=np.float32)
    varied = {
        name: np.broadcast_to(eye[model.labels[model.rows]], logits.shape)
        for name, logits in model.varied.items()
    }
    return replace(model, clean=eye[model.labels], varied=varied)


def differences(one: Predictions, other: Predictions) -> dict[str, Difference]:
    return {each.name: each for each in compare(one, other).differences}


def test_a_model_does_not_differ_from_itself(one: Predictions) -> None:
    outcome = compare(one, one)
    assert [each.name for each in outcome.differences] == [
        *("clean", *FACTORS, "combined", "sensitivity")
    ]
    assert outcome.same
    for each in outcome.differences:
        assert (each.difference, each.verdict) == (0, "level")
        assert each.interval[0] < 0 < each.interval[1]
        assert each.p == (1 if each.name == "clean" else None)
    assert outcome.mended == outcome.broken == outcome.otherwise == []


def test_scores_are_those_of_the_evaluation(one: Predictions, evaluation: Evaluation) -> None:
    found, metrics = differences(one, perfect(one)), evaluation.metrics
    assert found["clean"].before == pytest.approx(metrics.clean.accuracy)
    for name, factor in metrics.factors.items():
        assert found[name].before == pytest.approx(factor.accuracy)
    assert found["combined"].before == pytest.approx(metrics.combined.accuracy)
    assert metrics.sensitivity is not None
    assert found["sensitivity"].before == pytest.approx(metrics.sensitivity.accuracy)
    assert all(each.after == pytest.approx(1) for each in found.values())
    assert {found[name].verdict for name in ("clean", "scale", "sensitivity")} == {"better"}
    back = differences(perfect(one), one)
    assert back["scale"].verdict == "worse"
    assert back["scale"].difference == pytest.approx(-found["scale"].difference)


def test_changed_images_are_told_apart(one: Predictions) -> None:
    right = perfect(one)
    other = replace(right, clean=right.clean.copy())
    wrong = (other.labels[:2] + 1) % len(other.classes)
    other.clean[:2] = np.eye(len(other.classes))[wrong]
    assert [(each.row, each.after) for each in compare(right, other).broken] == [
        *((row, int(wrong[row])) for row in (0, 1))
    ]
    assert [each.row for each in compare(other, right).mended] == [0, 1]
    third = replace(other, clean=other.clean.copy())
    third.clean[0] = np.eye(len(other.classes))[(wrong[0] + 1) % len(other.classes)]
    assert [each.row for each in compare(other, third).otherwise] == [0]


@pytest.mark.slow
def test_intervals_of_differences_hold_the_truth_in_95_of_100_cases(one: Predictions) -> None:
    """Models that are each right as often as the other, on images of unlike difficulty."""
    rng, times, held = np.random.default_rng(0), 200, 0
    count, eye = len(one.ids), np.eye(len(one.classes), dtype=np.float32)
    for _ in range(times):
        easy = rng.beta(8, 2, count)
        two = [
            np.where(rng.random(count) < easy, one.labels, (one.labels + 1) % len(one.classes))
            for _ in range(2)
        ]
        models = [replace(one, suite=str(rng.random()), clean=eye[each]) for each in two]
        models[1] = replace(models[1], suite=models[0].suite)
        low, high = differences(models[0], models[1])["clean"].interval
        held += low <= 0 <= high
    assert stats.binomtest(held, times, 0.95).pvalue > 0.001


def test_models_that_answered_other_images_are_not_compared(one: Predictions) -> None:
    with pytest.raises(UserError, match="scored on other test images"):
        compare(one, replace(one, suite="another"))
    with pytest.raises(UserError, match="know other classes"):
        compare(one, replace(one, classes=[f"{name}!" for name in one.classes]))


def test_lines_and_page_hold_every_difference(one: Predictions) -> None:
    other = perfect(one)
    outcome = compare(one, other)
    assert not outcome.same
    lines = comparison_lines(outcome, "champion", "reports").splitlines()
    assert lines[0].split()[:2] == ["champion", "reports"]
    assert len(lines) == 1 + len(outcome.differences) + 1
    assert lines[-1].startswith(f"clean images: {len(outcome.mended)} right that were wrong, 0 ")
    hostile = replace(one, classes=["<b>&", *one.classes[1:]])
    page = Page(render_comparison(outcome, "<i>3", "reports", hostile))
    assert not page.all("b")
    assert not page.all("i")
    for each in outcome.differences:
        assert f"{100 * each.difference:+.2f}" in page.text
    assert all(one.ids[each.row] in page.text for each in outcome.mended)
    assert all(one.paths[each.row] in page.text for each in outcome.mended)
    page.assert_built_for_every_reader()


def test_as_json_names_images_and_classes(one: Predictions) -> None:
    outcome = compare(one, perfect(one))
    values = outcome.as_json("champion", "reports", one)
    assert (values["before"], values["after"], values["suite"]) == (
        "champion",
        "reports",
        one.suite,
    )
    assert values["images"] == {"clean": len(one.ids), "varied": len(one.rows)}
    assert values["differences"][0]["verdict"] == "better"
    first, change = values["mended"][0], outcome.mended[0]
    assert (first["id"], first["path"]) == (one.ids[change.row], one.paths[change.row])
    assert first["after"] == first["label"] == one.classes[change.label]


def test_mcnemar_counts_only_images_on_which_they_differ() -> None:
    first = np.array([True] * 50 + [True] * 9 + [False] * 2 + [False] * 30)
    second = np.array([True] * 50 + [False] * 9 + [True] * 2 + [False] * 30)
    tail = sum(comb(11, k) for k in range(3)) / 2**11
    assert mcnemar(first, second) == pytest.approx(2 * tail)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_is_seldom_small_by_chance() -> None:
    rng = np.random.default_rng(0)
    found = [mcnemar(rng.random(200) < 0.8, rng.random(200) < 0.8) for _ in range(400)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 0.02


@pytest.mark.parametrize("changed", range(9))
def test_few_changed_images_are_no_difference_unless_the_exact_test_says_so(
    one: Predictions, changed: int
) -> None:
    right = perfect(one)
    worse = replace(right, clean=right.clean.copy())
    worse.clean[:changed] = np.roll(worse.clean[:changed], 1, axis=1)
    found = differences(worse, right)["clean"]
    assert found.p is not None
    assert (found.verdict == "better") == (found.p < 0.05)
    assert differences(right, worse)["clean"].verdict == ("worse" if found.p < 0.05 else "level")


def test_one_image_that_many_are_like_makes_no_model_worse(one: Predictions) -> None:
    hub = replace(one, rivals=np.where(np.arange(len(one.ids)) == 0, 1, 0))
    right = perfect(hub)
    worse = replace(right, clean=right.clean.copy())
    worse.clean[0] = np.roll(worse.clean[0], 1)
    found = differences(right, worse)["sensitivity"]
    assert (found.before, found.after) == (1, 0)
    assert (found.verdict, found.p) == ("level", None)
