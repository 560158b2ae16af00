"""A small project of digits with a model that knows them, its suites, and production in folders."""

from pathlib import Path

import numpy as np
import pytest
from scored_project import PARAMS, digits, train_model, write_prepared, write_suite
from watched_project import Watched

from constancy.data.packed import PackedSplit
from constancy.paths import CANDIDATE, PREPARED, SUITES

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("watched")
    images, labels = digits(16)
    write_prepared(
        folder / PREPARED, images, labels, [str(digit) for digit in range(10)], tests=270
    )
    train = PackedSplit.load(folder / PREPARED / "train")
    pixels = np.array(train.images)  # in memory: the file that it maps is written anew
    kept = len(train) - 270
    for name, rows in (("train", slice(0, kept)), ("validation", slice(kept, None))):
        place = folder / PREPARED / name
        np.save(place / "images.npy", pixels[rows])
        np.save(place / "labels.npy", train.labels[rows])
        train.index[rows].to_parquet(place / "index.parquet")
    write_suite(folder / SUITES / "test", folder / PREPARED, 100)
    train_model(folder / CANDIDATE, folder / PREPARED, 4, [8, 16])
    (folder / PARAMS).write_text((REPOSITORY / PARAMS).read_text())
    return Watched(folder)


@pytest.fixture
def project(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The same, with its folder as the current one. Do not change it."""
    monkeypatch.chdir(watched.folder)
    return watched
