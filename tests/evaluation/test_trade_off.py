"""Invariance against sensitivity by class."""

import numpy as np
import pytest

from constancy.evaluation.sensitivity import rival_pairs
from constancy.evaluation.trade_off import TradeOff, trade_offs

LABELS = np.repeat([0, 1], 10)
PAIRS = rival_pairs(np.r_[10:20, 0:10])  # each with the one ten rows away
BASE = np.arange(20)


def test_a_constant_model_is_as_steady_as_it_is_blind() -> None:
    answers = np.zeros(20, int)
    found = trade_offs(answers, {"scale": np.zeros((5, 2, 20), int)}, BASE, LABELS, PAIRS)
    assert found == [TradeOff(0, 1.0, 0.0), TradeOff(1, 1.0, 0.0)]


def test_answers_count_as_steady_when_they_are_those_to_the_image_itself() -> None:
    clean = LABELS.copy()
    clean[:5] = 1  # half of the first class is wrong, and stays so
    scale, occlusion = np.tile(clean, (5, 2, 1)), np.tile(clean, (5, 1, 1))
    scale[:, 0, 10:15] = 0  # half of the variants of half of the second flip
    first, second = trade_offs(clean, {"scale": scale, "occlusion": occlusion}, BASE, LABELS, PAIRS)
    assert first == TradeOff(0, 1.0, 0.5)
    assert second.invariance == pytest.approx((0.75 + 1) / 2)
    assert second.sensitivity == 0.5


def test_classes_with_few_base_images_or_no_pairs_are_left_out() -> None:
    clean, base = LABELS, BASE[:19]
    varied = {"scale": np.tile(clean[base], (5, 1, 1))}
    assert [each.label for each in trade_offs(clean, varied, base, LABELS, PAIRS)] == [0]
    none = np.empty((0, 2), int)
    assert trade_offs(clean, varied, base, LABELS, none) == []
