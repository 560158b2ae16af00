"""Shuffled pixels cost a convolutional network what it gained, and a dense one nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from html_page import Page
from project import REPOSITORY
from training_project import Prepared, prepare_small

from constancy.experiments.why_convolution import (
    Outcome,
    compare_networks,
    pixel_order,
    shuffle_pixels,
)
from constancy.experiments.why_convolution_page import render_why_convolution

DVC = str(Path(sys.executable).parent / "dvc")


def test_shuffled_images_hold_the_same_pixels_each_in_its_new_place() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8, 3), dtype=np.uint8)
    order = pixel_order(8, seed=0)
    shuffled = shuffle_pixels(images, order)
    assert shuffled.shape == images.shape
    assert np.array_equal(
        shuffled.reshape(2, 3, 64, 3), images.reshape(2, 3, 64, 3)[:, :, order, :]
    )
    back = shuffle_pixels(shuffled, np.argsort(order))
    assert np.array_equal(back, images)
    assert not np.array_equal(pixel_order(8, seed=1), order)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare_small(tmp_path_factory.mktemp("prepared"))


@pytest.mark.slow
def test_only_the_convolutional_network_loses(prepared: Prepared) -> None:
    settings = prepared.settings(epochs=30, batch_size=32, patience=30)
    folders = (prepared.folder / "prepared", prepared.folder / "suites")
    dense, convolutional = compare_networks(settings, *folders)
    assert (dense.network, convolutional.network) == ("dense", "convolutional")
    assert dense.natural > 0.8
    lost = [each.natural - each.shuffled for each in (dense, convolutional)]
    for each, points in zip((dense, convolutional), lost, strict=True):
        assert each.lost_interval[0] < points < each.lost_interval[1]
    assert abs(lost[0]) < 0.01
    assert lost[1] > abs(lost[0]) + 0.01  # of digits so small even a shuffled one is easily read


def test_the_page_shows_both_and_is_built_for_every_reader() -> None:
    outcomes = [
        Outcome("dense", 0.951, 0.949, (-0.01, 0.014), 300),
        Outcome("convolutional", 0.987, 0.872, (0.08, 0.151), 300),
    ]
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    page = Page(render_why_convolution(outcomes, images, pixel_order(8, 0), ["a", "<b>x</b>", "c"]))
    page.assert_built_for_every_reader()
    assert not page.all("b")
    assert len(page.all("img")) == 1 + 2 * 3
    for text in ("95.1", "94.9", "98.7", "87.2", "11.5", "8.0 to 15.1", "300 test images"):
        assert text in page.text


def test_the_default_run_does_not_pay_for_it() -> None:
    """Its stage is one of its own: DVC runs it when its file is named."""
    listed = subprocess.run(
        [DVC, "stage", "list", "--name-only"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "why-convolution" not in listed
    named = subprocess.run(
        [DVC, "stage", "list", "--name-only", "pipelines/why-convolution/dvc.yaml"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert named.split() == ["pipelines/why-convolution/dvc.yaml:why-convolution"]
