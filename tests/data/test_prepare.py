"""Preparation decodes, splits, checks and packs; nothing disappears in silence."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from images import encoded

from constancy.data.images import read_image
from constancy.data.packed import SPLITS, Dataset, PackedSplit
from constancy.data.prepare import prepare
from constancy.data.table import Sample, write_table
from constancy.errors import UserError
from constancy.settings.data import Data


def settings(params: dict, **changes: dict) -> Data:
    image = {"size": 16, "color": "rgb", "fit": "pad"}
    return Data.model_validate(params["data"] | {"image": image} | changes)


def samples(count: int = 120, classes: Iterable[str] = ("cat", "dog")) -> list[Sample]:
    names = list(classes)
    return [
        Sample(f"{names[n % len(names)]}/{n}.png", names[n % len(names)], encoded(n))
        for n in range(count)
    ]


def prepared(tmp_path: Path, data: Data, some: list[Sample]) -> tuple[Path, dict]:
    raw, folder = tmp_path / "raw", tmp_path / "prepared"
    write_table(some, raw)
    return folder, prepare(raw, data, folder)


def test_splits_hold_every_image_once_as_the_network_sees_it(tmp_path: Path, params: dict) -> None:
    some, data = samples(), settings(params)
    folder, report = prepared(tmp_path, data, some)
    dataset = Dataset.load(folder)
    found = {}
    for name in SPLITS:
        split = PackedSplit.load(folder / name)
        assert len(split.images) == len(split.labels) == len(split.index) == report["splits"][name]
        for image, label, path in zip(split.images, split.labels, split.index["path"], strict=True):
            found[path] = (image, dataset.classes[label])
    assert set(found) == {sample.path for sample in some}
    for sample in some:
        image, label = found[sample.path]
        assert label == sample.label
        assert (image == read_image(sample.data, data.image)).all()


def test_the_order_of_the_source_does_not_matter(tmp_path: Path, params: dict) -> None:
    one, _ = prepared(tmp_path / "one", settings(params), samples())
    two, _ = prepared(tmp_path / "two", settings(params), samples()[::-1])
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) == 10
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


def test_statistics_are_those_of_the_training_pixels(tmp_path: Path, params: dict) -> None:
    folder, _ = prepared(tmp_path, settings(params), samples())
    dataset, train = Dataset.load(folder), PackedSplit.load(folder / "train")
    np.testing.assert_allclose(dataset.mean, train.images.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(dataset.std, train.images.std((0, 1, 2)), rtol=1e-9)


def test_a_group_stays_together(tmp_path: Path, params: dict) -> None:
    some = [
        Sample(s.path, s.label, s.data, group=f"signer{number // 4}")
        for number, s in enumerate(samples())
    ]
    folder, _ = prepared(tmp_path, settings(params), some)
    groups = [set(PackedSplit.load(folder / name).index["group"]) for name in SPLITS]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30


def test_a_missing_group_is_no_group(tmp_path: Path, params: dict) -> None:
    some = samples()
    some[0] = Sample(some[0].path, some[0].label, some[0].data, group="alone")
    _folder, report = prepared(tmp_path, settings(params), some)
    assert min(report["splits"].values()) > 5


def test_unreadable_files_are_listed_with_their_reasons(tmp_path: Path, params: dict) -> None:
    quality = {"max_unreadable": 0.05, "min_images": 10}
    bad = [Sample("cat/bad.png", "cat", b"no image"), Sample("dog/cut.png", "dog", encoded(1)[:80])]
    _folder, report = prepared(tmp_path, settings(params, quality=quality), bad + samples())
    assert report["images"] == 120
    assert report["unreadable"]["count"] == 2
    listed = {each["path"]: each["reason"] for each in report["unreadable"]["files"]}
    assert listed.keys() == {"cat/bad.png", "dog/cut.png"}
    assert all(listed.values())


@pytest.mark.parametrize(
    ("some", "message"),
    [
        (
            [*samples(90), *(Sample(f"cat/{n}.png", "cat", b"x%d" % n) for n in range(10))],
            r"10 of 100 files cannot be read .* data.quality.max_unreadable = 0.01 .* first is cat/0.png",
        ),
        (
            [*samples(60), Sample("owl/1.png", "owl", encoded(999))],
            "class 'owl' has 1 image, fewer",
        ),
        (samples(60, ["cat"]), "only one class was found"),
        (
            [Sample(f"{n % 2}/{n}.png", str(n % 2), encoded(n), split="test") for n in range(40)],
            "the train split is empty",
        ),
    ],
    ids=["unreadable", "one image", "one class", "nothing to train on"],
)
def test_data_that_break_a_limit_are_refused(
    tmp_path: Path, params: dict, some: list[Sample], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        prepared(tmp_path, settings(params), some)


def test_a_class_without_test_images_is_warned_of(tmp_path: Path, params: dict) -> None:
    some = [
        Sample(s.path, s.label, s.data, split="train" if s.label == "cat" else None)
        for s in samples()
    ]
    some = [s if s.split or n % 2 else Sample(s.path, s.label, s.data, split="test")
            for n, s in enumerate(some)]  # fmt: skip
    some = [s if s.split else Sample(s.path, s.label, s.data, split="test") for s in some]
    some += [Sample(f"dog/more{n}.png", "dog", encoded(5000 + n), split="train") for n in range(60)]
    _, report = prepared(tmp_path, settings(params), some)
    assert report["warnings"] == [
        "class 'cat' has no image in the test split, so nothing is known of it there"
    ]
