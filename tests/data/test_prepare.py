"""Preparation decodes, splits and packs; nothing disappears in silence."""

from pathlib import Path

import numpy as np
import pytest
from preparation import checked, data_settings, prepared, samples

from constancy.data import table
from constancy.data.images import read_image
from constancy.data.packed import SPLITS, Dataset, PackedSplit
from constancy.data.table import Sample


def test_splits_hold_every_image_once_as_the_network_sees_it(tmp_path: Path, params: dict) -> None:
    some, data = samples(), data_settings(params)
    folder = prepared(tmp_path / "new", data, some)
    dataset = Dataset.load(folder)
    found = {}
    for name in SPLITS:
        split = PackedSplit.load(folder / name)
        assert len(split.images) == len(split.labels) == len(split.index) > 0
        for image, label, path in zip(split.images, split.labels, split.index["path"], strict=True):
            found[path] = (image, dataset.classes[label])
    assert set(found) == {sample.path for sample in some}
    for sample in some:
        image, label = found[sample.path]
        assert label == sample.label
        assert (image == read_image(sample.data, data.image)).all()


def test_the_order_of_the_source_does_not_matter(tmp_path: Path, params: dict) -> None:
    one = prepared(tmp_path / "one", data_settings(params), samples())
    two = prepared(tmp_path / "two", data_settings(params), samples()[::-1])
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) == 10
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


def test_statistics_are_those_of_the_training_pixels(tmp_path: Path, params: dict) -> None:
    folder = prepared(tmp_path / "new", data_settings(params), samples())
    dataset, train = Dataset.load(folder), PackedSplit.load(folder / "train")
    np.testing.assert_allclose(dataset.mean, train.images.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(dataset.std, train.images.std((0, 1, 2)), rtol=1e-9)


def test_a_group_stays_together(tmp_path: Path, params: dict) -> None:
    some = [
        Sample(s.path, s.label, s.data, group=f"signer{number // 4}")
        for number, s in enumerate(samples())
    ]
    folder = prepared(tmp_path / "new", data_settings(params), some)
    groups = [set(PackedSplit.load(folder / name).index["group"]) for name in SPLITS]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30


def test_a_missing_group_is_no_group(tmp_path: Path, params: dict) -> None:
    some = samples()
    some[0] = Sample(some[0].path, some[0].label, some[0].data, group="alone")
    folder = prepared(tmp_path / "new", data_settings(params), some)
    assert min(len(PackedSplit.load(folder / name)) for name in SPLITS) > 5


def test_a_group_found_in_the_path_stays_together(tmp_path: Path, params: dict) -> None:
    data = data_settings(params, split__group_by=r"/(\d+)\d\.png")
    some = [s for number, s in enumerate(samples(200)) if number >= 10]
    folder = prepared(tmp_path / "new", data, some)
    groups = [set(PackedSplit.load(folder / name).index["group"]) for name in SPLITS]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 19


def test_several_workers_and_row_groups_make_the_same_files(
    tmp_path: Path, params: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    from constancy import parallel

    one = prepared(tmp_path / "one", data_settings(params), samples())
    monkeypatch.setattr(table, "ROW_GROUP_ROWS", 7)
    monkeypatch.setattr(parallel, "_ALONE_SECONDS", 0)
    two = prepared(tmp_path / "two", data_settings(params), samples())
    for file in sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file()):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_an_empty_split_has_arrays_of_the_right_form(tmp_path: Path, params: dict) -> None:
    some = [Sample(s.path, s.label, s.data, split="train") for s in samples(40)]
    images = checked(tmp_path / "new", data_settings(params), some)
    images.splits[images.splits != "train"] = "train"
    (tmp_path / "packed").mkdir()
    from constancy.data.prepare import pack

    pack(images, data_settings(params), tmp_path / "packed")
    test = PackedSplit.load(tmp_path / "packed" / "test")
    assert test.images.shape == (0, 16, 16, 3)
    assert len(test) == len(test.index) == 0
