"""The surest mistakes that variation makes: which are shown, and what is shown of them."""

import numpy as np
import pytest

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.harmful import SHOWN, choose_flips
from constancy.settings.base import PIXEL_FACTORS


def logits(wrong: dict[tuple[int, int, int], float]) -> np.ndarray:
    """Five severities, two directions and ten images of class 0, wrong where told, so surely."""
    found = np.zeros((5, 2, 10, 2))
    found[..., 0] = 5
    for place, margin in wrong.items():
        found[place] = [0, margin]
    return found


RIGHT, LABELS = np.arange(10) != 9, np.zeros(10, int)


def test_the_surest_comes_first_and_each_image_once() -> None:
    varied = {
        "scale": logits({(4, 1, 3): 3.0, (2, 0, 3): 4.0, (0, 0, 5): 1.0}),
        "clutter": logits({(1, 0, 3): 3.5, (1, 1, 7): 2.0, (0, 0, 9): 9.0}),
    }
    found = choose_flips(RIGHT, LABELS, varied)
    assert [each[:4] for each in found] == [
        ("scale", 2, 0, 3),
        ("clutter", 1, 1, 7),
        ("scale", 0, 0, 5),
    ]
    assert found[0].confidence == pytest.approx(1 / (1 + np.exp(-4)))


def test_no_factor_has_more_than_two_and_there_are_eight_at_the_most() -> None:
    varied = {name: logits({(0, 0, image): 1.0 + image for image in range(9)}) for name in "abcdef"}
    found = choose_flips(RIGHT, LABELS, varied)
    assert len(found) == SHOWN
    assert all(sum(each.factor == name for each in found) <= 2 for name in varied)
    assert len({each.image for each in found}) == SHOWN


def test_a_model_that_nothing_confuses_has_none() -> None:
    assert choose_flips(RIGHT, LABELS, {"scale": logits({})}) == []


def test_those_of_a_real_model_are_what_the_suite_holds(evaluation: Evaluation) -> None:
    assert evaluation.flips
    confidences = [flip.confidence for flip in evaluation.flips]
    assert confidences == sorted(confidences, reverse=True)
    suite = evaluation.suite
    for flip in evaluation.flips:
        assert flip.factor in PIXEL_FACTORS
        assert flip.predicted != flip.label
        names = suite.directions[flip.factor]
        way = names.index(flip.direction) if flip.direction else 0
        variants = suite.images[flip.factor][flip.severity - 1, way]
        (position,) = np.flatnonzero((variants == flip.variant).all(axis=(1, 2, 3)))
        row = evaluation.base_rows[position]
        assert np.array_equal(evaluation.split.images[row], flip.image)
        assert evaluation.split.labels[row] == evaluation.clean[row].argmax() == flip.label
        answer = evaluation.varied[flip.factor][flip.severity - 1, way, position]
        assert answer.argmax() == flip.predicted
        assert flip.attention is not None
        assert all(each.shape == flip.image.shape[:2] for each in flip.attention)
