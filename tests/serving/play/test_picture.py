"""What the page shows holds its pictures, tells them apart in words, and trusts no name."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from html_page import Page
from PIL import Image as Pillow
from tracked_project import CARD, write_model

from constancy.models.disk import ModelCard
from constancy.serving.play import picture
from constancy.serving.play.playground import Playground
from constancy.serving.play.seen import Onlooker
from constancy.serving.play.vary import Subject
from constancy.serving.predictor import Predictor
from constancy.variation.scene import Donors

EVIL = "<script>alert(1)</script>"


def decoded(address: str) -> np.ndarray:
    data = base64.b64decode(address.removeprefix("data:image/png;base64,"), validate=True)
    return np.asarray(Pillow.open(io.BytesIO(data)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pixels_arrive_as_they_are(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    assert np.array_equal(decoded(picture.png(pixels)).reshape(pixels.shape), pixels)


def test_maps_stand_side_by_side_on_clear_ground() -> None:
    maps = [np.full((4, 4, 1), value, np.uint8) for value in (10, 20, 30)]
    row = decoded(picture.in_a_row(maps))
    assert row.shape == (16, 3 * 16 + 2 * 2, 4)
    assert [row[0, left, 0] for left in (0, 18, 36)] == [10, 20, 30]
    assert (row[:, 16:18, 3] == 0).all()


def test_both_images_are_shown_with_what_each_model_makes_of_them(playground: Playground) -> None:
    subject = playground.picked(3)
    severities = {"viewpoint": 3.0, "scale": 0.0}
    pictures, models = picture.outcome(playground, subject, severities, 0)
    images = Page(pictures).all("img")
    assert np.array_equal(decoded(str(images[0]["src"])), subject.pixels[..., 0])
    varied = playground.varier.vary(subject, severities, 0)
    assert np.array_equal(decoded(str(images[1]["src"])), varied[..., 0])
    assert images[1]["alt"] == "The image varied: viewpoint 3"
    page = Page(models)
    assert [each["aria-label"] for each in page.all("section")] == [
        "Champion, version 1",
        "Challenger, version 2",
    ]
    assert all(each["alt"] for each in page.all("img"))
    assert len(page.all("img")) == 2 * (2 + 2 * 2)  # of two models: attention, maps of two layers
    assert "blocks.0.2" in page.text
    (before, after) = playground.model.look(subject.pixels, varied)
    assert f"{100 * after.prediction.probability:.1f}" in page.text
    assert f"as{' '}untouched" in page.text or before.prediction.label != after.prediction.label


def test_without_a_challenger_the_page_says_so(playground: Playground) -> None:
    alone = replace(playground, beside=None, why_alone="There is no challenger.")
    _, models = picture.outcome(alone, playground.picked(3), {}, 0)
    assert len(Page(models).all("section")) == 1
    assert "There is no challenger." in models


@pytest.mark.parametrize("color", ["grey", "rgb"])
def test_names_are_text_and_no_markup(
    playground: Playground, tmp_path_factory: pytest.TempPathFactory, color: str
) -> None:
    """Class names come from folders, and file names from whoever uploads."""
    channels = 1 if color == "grey" else 3
    structure = {"filters": [4], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.0}
    changes = {"name": "cnn", "structure": structure, "classes": [EVIL, *CARD.classes, "x" * 300]}
    form = {
        "image": CARD.image | {"color": color},
        "mean": [9.0] * channels,
        "std": [9.0] * channels,
    }
    card = ModelCard(**vars(CARD) | changes | form)
    folder = write_model(tmp_path_factory.mktemp("evil"), card=card)
    model = Onlooker(EVIL, Predictor(folder))
    donors = Donors.of(np.zeros((4, 8, 8, channels), np.uint8), np.arange(4))
    varier = replace(playground.varier, donors=donors, specimens=None)
    evil = replace(playground, model=model, beside=None, classes=card.classes, varier=varier)
    subject = Subject(np.zeros((8, 8, channels), np.uint8), EVIL, 0)
    for html in picture.outcome(evil, subject, {"viewpoint": 3.0}, 0):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    assert "<script" not in picture.note(evil, subject, "viewpoint", 1.0, 0)
    assert "<script" not in picture.warnings([EVIL])
    assert picture.outcome(evil, subject, {}, 0)[1].count("<tr>") == 1 + picture.CLASSES


def test_test_images_are_buttons_that_know_their_rows(playground: Playground) -> None:
    for label in (None, 6):
        page = Page(picture.choice(playground, label))
        rows = [int(str(each["data-row"])) for each in page.all("button")]
        assert rows == playground.choice(label)
        names = [each["alt"] for each in page.all("img")]
        assert playground.stock is not None
        assert names == [f"Test image, a {playground.stock.labels[row]}" for row in rows]


def test_a_class_with_a_limit_is_told_where_it_ends(playground: Playground) -> None:
    assert playground.stock is not None
    six = playground.picked(int(np.flatnonzero(playground.stock.labels == 6)[0]))
    sentence = "Beyond viewpoint 3 a &#x27;6&#x27; need not be one any more (variation.limits)."
    assert sentence in picture.note(playground, six, "viewpoint", 3.1, 0)
    assert sentence not in picture.note(playground, six, "viewpoint", 3.0, 0)
    assert "variation.limits" not in picture.note(playground, six, "scale", 7.0, 0)
    five = playground.picked(int(np.flatnonzero(playground.stock.labels == 5)[0]))
    assert "variation.limits" not in picture.note(playground, five, "viewpoint", 3.1, 0)
