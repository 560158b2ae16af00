"""Distances against plain NumPy, and fifths of classes counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import picture, split, split_of
from scored_project import digits
from sklearn.neighbors import NearestNeighbors

from constancy.variation import embedding as module
from constancy.variation.embedding import fit_embedding, intra_class_severity


def test_distances_are_those_to_class_centres_in_principal_components(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMPONENTS", 5)
    train, test = split(60, (8, 8, 1)), split(10, (8, 8, 1), first=500)
    pixels, others = (each.images.reshape(len(each), -1) / 255 for each in (train, test))
    _, _, axes = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)
    ours, theirs = ((each - pixels.mean(axis=0)) @ axes[:5].T for each in (pixels, others))
    centres = np.stack([ours[train.labels == label].mean(axis=0) for label in range(3)])
    expected = np.linalg.norm(theirs - centres[test.labels], axis=1)
    found = fit_embedding(train).distances(test.images, test.labels)
    assert found == pytest.approx(expected, abs=1e-5)


def test_an_odd_image_lies_farther_from_its_class_than_usual_ones() -> None:
    usual = [picture(0, (16, 16, 1)) // 2 + n for n in range(20)]
    train = split_of(np.stack(usual + [255 - image for image in usual]), np.repeat([0, 1], 20))
    odd = np.stack([usual[3], 255 - usual[3]])
    near, far = fit_embedding(train).distances(odd, np.array([0, 0]))
    assert far > 5 * near


def test_two_fits_are_the_same() -> None:
    train = split(30)
    one, two = (fit_embedding(train).distances(train.images, train.labels) for _ in range(2))
    assert (one == two).all()


def test_fewer_images_than_components_leave_no_directions_of_rounding_errors() -> None:
    train = split(9)
    embedding = fit_embedding(train)
    assert embedding.axes.shape == (256, 8)
    assert len(embedding.distances(split(5, first=90).images, np.zeros(5, np.int64))) == 5


def test_large_images_are_averaged_down() -> None:
    small = split(12, (32, 32, 3))
    large = small.images.repeat(2, axis=1).repeat(2, axis=2)
    one = fit_embedding(small).distances(small.images, small.labels)
    twice = type(small)(large, small.labels, small.index)
    two = fit_embedding(twice).distances(large, small.labels)
    assert one == pytest.approx(two, abs=1e-6)


def test_a_class_without_training_images_is_measured_from_the_middle_of_all() -> None:
    train = split(12)
    embedding = fit_embedding(train)
    mean = np.rint(train.images.mean(axis=0)).astype(np.uint8)
    assert embedding.distances(mean[None], np.array([7]))[0] < 0.1
    assert embedding.distances(train.images[:1], np.array([7]))[0] > 0.3


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 1000))
def test_fifths_of_a_class_differ_by_one_image_at_the_most(labels: list[int], seed: int) -> None:
    classes = np.array(labels)
    distances = np.random.default_rng(seed).random(len(labels))
    severity = intra_class_severity(distances, classes)
    for label in set(labels):
        own = severity[classes == label]
        counts = np.bincount(own, minlength=6)
        assert counts[0] == 0
        assert counts[1:].max() - counts[1:].min() <= 1
        assert (np.diff(own[np.argsort(distances[classes == label])]) >= 0).all()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [3]), (2, [2, 4]), (3, [1, 3, 5]), (4, [1, 2, 4, 5]), (5, [1, 2, 3, 4, 5])],
)
def test_small_classes_spread_about_the_middle(count: int, expected: list[int]) -> None:
    distances, labels = np.arange(count, dtype=float), np.zeros(count, np.int64)
    assert intra_class_severity(distances, labels).tolist() == expected


def test_at_the_same_distance_the_earlier_image_comes_first() -> None:
    distances, labels = np.ones(10), np.repeat([0, 1], 5)
    assert intra_class_severity(distances, labels).tolist() == [1, 2, 3, 4, 5] * 2


@pytest.mark.parametrize("chunk", [7, 1024])
def test_a_rival_is_the_nearest_image_of_another_class(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    train, test = split(60, (8, 8, 1)), split(40, (8, 8, 1), first=500)
    embedding = fit_embedding(train)
    found = embedding.rivals(test.images, test.labels)
    embedded = embedding.embed(test.images)
    for row, rival in enumerate(found.tolist()):
        others = np.flatnonzero(test.labels != test.labels[row])
        nearest = NearestNeighbors(n_neighbors=1).fit(embedded[others])
        assert rival == others[nearest.kneighbors(embedded[row][None])[1].item()]


def test_images_of_one_class_have_no_rivals() -> None:
    train = split(30)
    same = np.zeros(30, np.int64)
    assert (fit_embedding(train).rivals(train.images, same) == -1).all()


def test_the_nearest_centre_is_no_farther_than_that_of_the_own_class() -> None:
    images, labels = digits(8)
    embedding = fit_embedding(split_of(images, labels))
    own, nearest = embedding.distances(images, labels), embedding.nearest_centres(images)
    assert (nearest <= own + 1e-5).all()
    assert (abs(nearest - own) < 1e-5).mean() > 0.8


def test_residuals_are_what_the_axes_cannot_show() -> None:
    images, labels = digits(16)
    embedding = fit_embedding(split_of(images, labels))
    known = embedding.residuals(images[:50])
    strange = embedding.residuals(np.random.default_rng(0).permuted(images[:50], axis=1))
    assert np.median(strange) > 3 * np.median(known)
    assert len(embedding.residuals(images[:0])) == 0
