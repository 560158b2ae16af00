"""All that metrics.json says: accuracy under each factor, its interval, and what depends on it."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from constancy.evaluation.answers import Answers
from constancy.evaluation.invariance import Invariance
from constancy.evaluation.scores import Metrics, score
from constancy.settings.base import FACTORS, PIXEL_FACTORS
from constancy.variation.suites import Suite


def logits_for(predicted: np.ndarray, classes: int) -> np.ndarray:
    """Logits whose largest is that of the wanted class."""
    return np.eye(classes, dtype=np.float32)[predicted]


def scored(
    clean: np.ndarray,
    labels: np.ndarray,
    suite: dict[str, np.ndarray],
    rows: np.ndarray,
    severity: np.ndarray,
    clusters: np.ndarray | None = None,
    controls: dict[str, np.ndarray] | None = None,
) -> Metrics:
    """The scores of a model that does under several factors as it does under the first."""
    cluster = 0 if clusters is None else clusters
    rivals = [next((j for j, b in enumerate(labels) if b != a), -1) for a in labels]
    about = pd.DataFrame({"severity": severity, "cluster": cluster, "rival": rivals})
    combined = next(iter(suite.values()))
    both = suite | {"combined": combined}
    names = [f"class {number}" for number in range(clean.shape[1])]
    frozen = Suite({}, {}, pd.DataFrame({"row": rows}), about, {}, {}, {}, 0, {}, "digest")
    unseen = Invariance(network=None)  # type: ignore[arg-type]
    return score(Answers(clean, both, controls or {}, unseen), labels, names, frozen)


def test_scores_agree_with_a_count_by_hand() -> None:
    labels = np.array([0, 1, 1, 0])
    clean = logits_for(np.array([0, 1, 0, 0]), 2)  # row 2 is wrong
    rows = np.array([1, 2])  # of which one is right when clean
    seen = np.array(
        [
            [[1, 1], [1, 1]],  # severity 1: two directions, both images right
            [[1, 1], [1, 0]],  # 3 of 4
            [[1, 0], [0, 1]],  # 2 of 4
            [[0, 0], [0, 1]],  # 1 of 4
            [[0, 0], [0, 0]],
        ]
    )
    controls = {"scale": logits_for(np.array([[1, 1], [1, 1], [1, 0], [0, 0], [0, 0]]), 2)}
    metrics = scored(
        *(clean, labels, {"scale": logits_for(seen, 2)}, rows, np.array([1, 2, 3, 4])),
        controls=controls,
    )
    severities = [1, 0.75, 0.5, 0.25, 0]
    values = metrics.as_json()
    assert list(values) == [
        *("clean", "factors", "combined", "sensitivity", "worst_factor", "worst_cluster"),
        *("invariance", "suite"),
    ]
    assert (values["clean"]["accuracy"], values["clean"]["count"]) == (0.75, 4)
    scale, intra_class = values["factors"]["scale"], values["factors"]["intra-class"]
    assert scale["accuracy"] == 0.5
    assert scale["retention"] == 1.0
    assert scale["severities"] == severities
    assert scale["control"] == [1, 1, 0.5, 0, 0]
    assert scale["harmful"] == pytest.approx(5 / 20)
    assert scale["helpful"] == pytest.approx(5 / 20)
    assert scale["retention_severities"] == [2, 1.5, 1, 0.5, 0]
    assert scale["harmful_severities"] == [0, 0, 0.25, 0.5, 0.5]
    assert scale["helpful_severities"] == [0.5, 0.25, 0.25, 0.25, 0]
    agreed = [0.5, 0.75, 0.5, 0.25, 0.5]  # the answers to the two images were 1 and 0
    kappas = [(each - 0.5) / 0.5 for each in agreed]  # by chance a half, whatever the share of ones
    assert scale["consistency_severities"] == pytest.approx(kappas)
    assert scale["orbit_severities"] == [0.5, 0.5, 0, 0, 0]
    assert scale["orbit_accuracy"] == 0
    # Nothing has severity 5: it counts as the split does as a whole.
    assert intra_class["severities"] == [1, 1, 0, 1, 0.75]
    assert intra_class["accuracy"] == pytest.approx(0.75)
    assert intra_class["retention"] == pytest.approx(1.0)
    assert intra_class["retention_severities"] == pytest.approx([4 / 3, 4 / 3, 0, 4 / 3, 1])
    assert "orbit_accuracy" not in intra_class
    assert "control" not in intra_class
    assert values["combined"]["severities"] == severities
    assert values["worst_factor"] == {"name": "scale", "accuracy": 0.5}
    assert values["sensitivity"]["accuracy"] == pytest.approx(2 / 3)
    assert values["worst_cluster"] is None
    assert values["suite"] == "digest"


def test_scores_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, 90)
    rows = rng.choice(90, 25, replace=False)
    severity = rng.integers(1, 6, 90)
    clean = rng.normal(size=(90, 6))
    varied = rng.normal(size=(5, 3, 25, 6))
    metrics = scored(clean, labels, {"viewpoint": varied}, rows, severity)
    assert metrics.clean.accuracy == pytest.approx(accuracy_score(labels, clean.argmax(1)))
    repeated = np.tile(labels[rows], 3)
    for index, found in enumerate(metrics.factors["viewpoint"].severities):
        expected = accuracy_score(repeated, varied[index].reshape(-1, 6).argmax(1))
        assert found == pytest.approx(expected)
    for each in range(1, 6):
        of_severity = severity == each
        expected = accuracy_score(labels[of_severity], clean[of_severity].argmax(1))
        assert metrics.factors["intra-class"].severities[each - 1] == pytest.approx(expected)


def test_retention_compares_with_the_same_images_only() -> None:
    labels = np.zeros(4, int)
    clean = logits_for(np.array([0, 0, 1, 1]), 2)  # the base images are the right half
    varied = logits_for(np.zeros((5, 1, 2), int), 2)
    metrics = scored(clean, labels, {"clutter": varied}, np.array([0, 1]), np.ones(4, int))
    assert metrics.clean.accuracy == 0.5
    assert metrics.factors["clutter"].retention == 1.0


def test_retention_is_zero_where_no_clean_image_is_right() -> None:
    labels = np.zeros(2, int)
    clean = logits_for(np.ones(2, int), 2)
    varied = logits_for(np.zeros((5, 1, 2), int), 2)
    metrics = scored(clean, labels, {"scale": varied}, np.arange(2), np.array([1, 5]))
    assert metrics.factors["scale"].accuracy == 1.0
    assert metrics.factors["scale"].retention == 0.0
    assert metrics.factors["intra-class"].retention == 0.0


def test_of_factors_equally_bad_the_first_is_the_worst() -> None:
    labels = np.zeros(3, int)
    wrong = logits_for(np.ones((5, 1, 3), int), 2)
    suite = {"clutter": wrong, "occlusion": wrong}
    clean = logits_for(labels, 2)
    assert scored(clean, labels, suite, np.arange(3), labels + 1).worst_factor == "clutter"


def test_the_same_answers_have_the_same_intervals() -> None:
    rng = np.random.default_rng(0)
    labels, clean = rng.integers(0, 3, 40), rng.normal(size=(40, 3))
    suite = {"scale": rng.normal(size=(5, 2, 40, 3)), "clutter": rng.normal(size=(5, 1, 40, 3))}
    one, two = (scored(clean, labels, suite, np.arange(40), 1 + labels) for _ in range(2))
    assert one == two
    scale, clutter = one.factors["scale"], one.factors["clutter"]
    for factor in (scale, clutter, one.factors["intra-class"], one.combined):
        assert factor.accuracy_interval[0] < factor.accuracy < factor.accuracy_interval[1]
        assert factor.retention_interval[0] < factor.retention < factor.retention_interval[1]


def test_variants_of_an_image_are_no_images_of_their_own() -> None:
    """Twice as many variants of the same images make nothing surer."""
    rng = np.random.default_rng(0)
    labels, clean = np.zeros(60, int), np.tile([1.0, 0.0], (60, 1))
    right = np.where(rng.random(60) < 0.8, 0, 1)
    few, many = (
        scored(
            *(clean, labels, {"scale": logits_for(np.tile(right, (5, directions, 1)), 2)}),
            *(np.arange(60), np.ones(60, int)),
        ).factors["scale"]
        for directions in (1, 4)
    )
    assert few.accuracy_interval == many.accuracy_interval
    spread = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 60)
    assert few.accuracy_interval[1] - few.accuracy_interval[0] == pytest.approx(spread, rel=0.15)


@st.composite
def small_models(draw: st.DrawFn) -> tuple[Any, ...]:
    """What `scored` takes, of any model on any small test split."""
    images, classes = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, classes, images)
    base = rng.choice(images, rng.integers(1, images + 1), replace=False)
    suite = {
        factor: rng.normal(size=(5, rng.integers(1, 4), len(base), classes))
        for factor in PIXEL_FACTORS
    }
    severity = rng.integers(1, 6, images)
    return rng.normal(size=(images, classes)), labels, suite, base, severity


@given(small_models())
def test_every_score_is_defined_and_in_range(model: tuple[Any, ...]) -> None:
    values = json.loads(json.dumps(scored(*model).as_json(), allow_nan=False))
    assert list(values["factors"]) == list(FACTORS)
    for factor in values["factors"].values():
        assert 0 <= factor["accuracy"] <= 1
        assert factor["retention"] >= 0
        low, high = factor["accuracy_interval"]
        assert 0 <= low <= high <= 1
        assert len(factor["severity_intervals"]) == 5
        assert len(factor["severities"]) == 5
        assert all(0 <= each <= 1 for each in factor["severities"])
        assert min(factor["severities"]) - 1e-12 <= factor["accuracy"]
        assert factor["accuracy"] <= max(factor["severities"]) + 1e-12
    for name in PIXEL_FACTORS:
        factor, orbit = values["factors"][name], values["factors"][name]["orbit_severities"]
        assert factor["consistency"] is None or -1 <= factor["consistency"] <= 1
        assert orbit == sorted(orbit, reverse=True)
        assert 0 <= factor["orbit_accuracy"] <= 1 + 1e-12
    worst = values["worst_factor"]
    assert worst["accuracy"] == min(each["accuracy"] for each in values["factors"].values())
    assert worst["accuracy"] == values["factors"][worst["name"]]["accuracy"]


def test_orbits_of_a_constant_model_are_worth_one_class_however_common_that_is() -> None:
    labels = np.repeat([0, 1], [95, 5])
    always = logits_for(np.zeros(100, int), 2)
    suite = {"scale": logits_for(np.zeros((5, 2, 100), int), 2)}
    metrics = scored(always, labels, suite, np.arange(100), np.ones(100, int))
    stability = metrics.factors["scale"].stability
    assert stability is not None
    assert stability.orbit_accuracy == pytest.approx(0.5)
    assert stability.consistency is None


def test_severities_that_a_small_split_lacks_do_not_count() -> None:
    labels = np.zeros(5, int)
    clean = logits_for(np.array([0, 0, 0, 1, 1]), 2)  # those of severity 3 are right
    suite = {"scale": logits_for(np.zeros((5, 1, 5), int), 2)}
    severity = np.array([3, 3, 3, 2, 4])
    found = scored(clean, labels, suite, np.arange(5), severity).factors["intra-class"]
    assert found.severities == [0.6, 0.0, 1.0, 0.0, 0.6]
    assert found.accuracy == pytest.approx(1 / 3)
