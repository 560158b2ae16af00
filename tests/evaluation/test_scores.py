import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from constancy.evaluation.scores import ClusterScore, Metrics, score
from constancy.settings.base import FACTORS, PIXEL_FACTORS


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
    table = pd.DataFrame({"severity": severity, "cluster": 0 if clusters is None else clusters})
    combined = next(iter(suite.values()))
    both = suite | {"combined": combined}
    return score(clean, labels, both, controls or {}, rows, table, "digest")


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
    assert metrics.as_json() == {
        "clean": {"accuracy": 0.75, "count": 4},
        "factors": {
            "scale": {
                "accuracy": 0.5,
                "retention": 1.0,
                "severities": severities,
                "control": [1, 1, 0.5, 0, 0],
            },
            "intra-class": {
                # Nothing has severity 5: it counts as the split does as a whole.
                "accuracy": pytest.approx(0.75),
                "retention": pytest.approx(1.0),
                "severities": [1, 1, 0, 1, 0.75],
            },
        },
        "combined": {"accuracy": 0.5, "retention": 1.0, "severities": severities},
        "worst_factor": {"name": "scale", "accuracy": 0.5},
        "worst_cluster": None,
        "suite": "digest",
    }


def test_scores_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, 90)
    rows = rng.choice(90, 25, replace=False)
    severity = rng.integers(1, 6, 90)
    clean = rng.normal(size=(90, 6))
    varied = rng.normal(size=(5, 3, 25, 6))
    metrics = scored(clean, labels, {"viewpoint": varied}, rows, severity)
    assert metrics.accuracy == pytest.approx(accuracy_score(labels, clean.argmax(1)))
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
    assert metrics.accuracy == 0.5
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


def test_the_worst_cluster_is_the_one_with_the_most_mistakes_of_those_large_enough() -> None:
    labels = np.repeat([0, 1], [30, 24])
    clusters = np.concatenate([np.repeat([0, 1], 15), np.repeat([0, 1, 2], [10, 10, 4])])
    predicted = labels.copy()
    predicted[[0, 1, 16, 17, 18]] = 1  # 2 of 15, and 3 of 15
    predicted[[30, 31, 32, 50, 51, 52]] = 0  # 3 of 10, and 3 of only 4
    clean = logits_for(predicted, 2)
    varied = {"scale": logits_for(np.zeros((5, 1, 54), int), 2)}
    metrics = scored(clean, labels, varied, np.arange(54), np.ones(54, int), clusters)
    assert metrics.worst_cluster == ClusterScore(1, 0, pytest.approx(0.7), 10)


@st.composite
def scored_models(draw: st.DrawFn) -> Metrics:
    """The scores of any model on any small test split."""
    images, classes = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, classes, images)
    base = rng.choice(images, rng.integers(1, images + 1), replace=False)
    suite = {
        factor: rng.normal(size=(5, rng.integers(1, 4), len(base), classes))
        for factor in PIXEL_FACTORS
    }
    severity = rng.integers(1, 6, images)
    return scored(rng.normal(size=(images, classes)), labels, suite, base, severity)


@given(scored_models())
def test_every_score_is_defined_and_in_range(metrics: Metrics) -> None:
    values = json.loads(json.dumps(metrics.as_json(), allow_nan=False))
    assert list(values["factors"]) == list(FACTORS)
    for factor in values["factors"].values():
        assert 0 <= factor["accuracy"] <= 1
        assert factor["retention"] >= 0
        assert len(factor["severities"]) == 5
        assert all(0 <= each <= 1 for each in factor["severities"])
        assert min(factor["severities"]) - 1e-12 <= factor["accuracy"]
        assert factor["accuracy"] <= max(factor["severities"]) + 1e-12
    worst = values["worst_factor"]
    assert worst["accuracy"] == min(each["accuracy"] for each in values["factors"].values())
    assert worst["accuracy"] == values["factors"][worst["name"]]["accuracy"]
