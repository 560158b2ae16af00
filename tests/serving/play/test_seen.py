"""What models see: of the same image the same, once, and by the same channels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tracked_project import CARD, write_model

from constancy.errors import UserError
from constancy.evaluation.attention import grad_cam
from constancy.serving.play.playground import Playground
from constancy.serving.play.seen import Onlooker
from constancy.serving.predictor import Predictor


def test_probabilities_and_attention_are_those_of_the_model(playground: Playground) -> None:
    pixels = playground.picked(3).pixels
    seen, _ = playground.model.look(pixels, pixels)
    predictor = playground.model.predictor
    assert seen.prediction == predictor.classify(pixels[None])[0]
    label = predictor.classes.index(seen.prediction.label)
    weights = grad_cam(predictor.network, pixels[None], np.array([label]))
    assert weights is not None
    assert seen.attention is not None
    assert np.array_equal(seen.attention, weights[0])


def test_the_untouched_image_is_looked_at_once(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bytes] = []
    real = Predictor.classify

    def classify(self: Predictor, pixels: np.ndarray) -> list:
        looked.append(pixels.tobytes())
        return real(self, pixels)

    monkeypatch.setattr(Predictor, "classify", classify)
    subject = playground.picked(3)
    varied = [playground.varier.vary(subject, {"viewpoint": s}, 0) for s in (1.0, 2.0)]
    same = playground.model.look(subject.pixels, subject.pixels)
    assert same[0] is same[1]
    for each in varied:
        playground.model.look(subject.pixels, each)
    assert looked == [each.tobytes() for each in (subject.pixels, *varied)]


def test_varied_maps_are_of_the_channels_that_the_untouched_image_excites(
    playground: Playground,
) -> None:
    subject = playground.picked(3)
    varied = playground.varier.vary(subject, {"viewpoint": 4.0, "illumination": 4.0}, 0)
    before, after = playground.model.look(subject.pixels, varied)
    assert list(before.maps) == ["blocks.0.2", "blocks.1.2"]
    for name in before.maps:
        assert np.array_equal(before.channels[name], after.channels[name])
        assert any(np.any(a != b) for a, b in zip(before.maps[name], after.maps[name], strict=True))


def test_a_network_without_pictures_has_nothing_to_point_into(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = Onlooker("dense", Predictor(write_model(tmp_path_factory.mktemp("mlp"), card=CARD)))
    pixels = np.zeros((8, 8, 1), np.uint8)
    seen, _ = model.look(pixels, pixels)
    assert seen.attention is None
    assert seen.maps == {}


def test_a_model_without_finite_answers_is_refused(tmp_path: Path) -> None:
    predictor = Predictor(write_model(tmp_path / "model", card=CARD))
    with torch.no_grad():
        next(predictor.network.parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match="numbers that are not finite"):
        Onlooker("damaged", predictor)
