"""Each check finds what it is for, and what it drops the next one does not see."""

from pathlib import Path

import numpy as np
import pytest
from images import encoded, pixels
from PIL import Image
from preparation import checked, data_settings, samples
from test_duplicates import smooth

from constancy.data.findings import problems, warnings
from constancy.data.prepare import Images
from constancy.data.report import describe_images
from constancy.data.table import Sample
from constancy.settings.data import Data


def as_png(array: np.ndarray) -> bytes:
    import io

    buffer = io.BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[-1] == 1 else array).save(buffer, "PNG")
    return buffer.getvalue()


def flagged(images: Images, check: str) -> set[str]:
    return {images.table.facts["path"][flag.row].as_py() for flag in images.found.of(check)}


def kept(images: Images) -> set[str]:
    paths = images.table.facts["path"].to_pylist()
    return {path for path, keep in zip(paths, images.found.kept, strict=True) if keep}


def told(images: Images, data: Data) -> list[str]:
    return problems(images.found, images.table, data.quality)


def warned(images: Images, data: Data) -> list[str]:
    return warnings(images.found, images.table, data.quality)


def test_good_images_are_all_kept_and_nothing_is_said(tmp_path: Path, params: dict) -> None:
    data = data_settings(params)
    images = checked(tmp_path / "new", data, samples())
    assert len(kept(images)) == 120
    assert images.found.flags == []
    assert told(images, data) == warned(images, data) == []


def test_unreadable_files_are_left_out_and_listed(tmp_path: Path, params: dict) -> None:
    data = data_settings(params, quality__unreadable__at_most=0.05)
    bad = [
        Sample("cat/bad.png", "cat", b"no image"),
        Sample("dog/cut.png", "dog", encoded(1)[:80]),
        Sample("dog/gone.png", "dog", b"", problem="no such file or directory"),
    ]
    images = checked(tmp_path / "new", data, bad + samples())
    assert len(kept(images)) == 120
    report = describe_images(images, data)
    listed = {each["path"]: each["reason"] for each in report["flagged"]}
    assert listed.keys() == {"cat/bad.png", "dog/cut.png", "dog/gone.png"}
    assert listed["dog/gone.png"] == "no such file or directory"
    assert all(listed.values())
    assert all(len(each["id"]) == 16 for each in report["flagged"])
    assert report["files"] == 123
    assert report["checks"]["unreadable"] == {"action": "drop", "at_most": 0.05, "flagged": 3}
    assert told(images, data) == []
    assert warned(images, data)[0].startswith("unreadable: 3 images left out, such as ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quality__unreadable__at_most": 0.01}, "2 of 122 files cannot be read as images, more"),
        (
            {"quality__unreadable": {"action": "fail", "at_most": 0.5}},
            "data.quality.unreadable: 2 images flagged; the first is ",
        ),
    ],
)
def test_too_many_unreadable_files_stop_the_stage(
    tmp_path: Path, params: dict, changes: dict, message: str
) -> None:
    data = data_settings(params, **changes)
    bad = [Sample(f"cat/bad{n}.png", "cat", b"no image %d" % n) for n in range(2)]
    images = checked(tmp_path / "new", data, bad + samples())
    (sentence,) = told(images, data)
    assert sentence.startswith(message)


def test_the_same_pixels_in_another_file_are_a_duplicate(tmp_path: Path, params: dict) -> None:
    """Found by what the network sees, whatever the format or the name."""
    data = data_settings(params, split__validation=0.01, split__test=0.01)
    array = pixels(0, (16, 16, 3))
    twins = [
        Sample("cat/a.png", "cat", as_png(array)),
        Sample("cat/b.bmp", "cat", encoded(0, "BMP", (16, 16, 3))),
        Sample("cat/c.tiff", "cat", encoded(0, "TIFF", (16, 16, 3))),
    ]
    images = checked(tmp_path / "new", data, samples() + twins)
    found = flagged(images, "exact_duplicates") | flagged(images, "leakage")
    assert len(found) == 2
    assert found < {twin.path for twin in twins}
    assert len(kept(images)) == 121


def test_one_image_under_two_labels_is_kept_under_neither(tmp_path: Path, params: dict) -> None:
    data = data_settings(params)
    twins = [Sample(f"{label}/x.png", label, encoded(999)) for label in ("cat", "dog")]
    images = checked(tmp_path / "new", data, samples() + twins)
    assert flagged(images, "conflicting_labels") == {"cat/x.png", "dog/x.png"}
    assert len(kept(images)) == 120
    reason = images.found.of("conflicting_labels")[0].reason
    assert reason == "the same image under the labels cat, dog"


@pytest.mark.parametrize("tester", ["test", "validation"])
def test_an_image_on_two_sides_of_a_preset_split_is_kept_where_it_tests(
    tmp_path: Path, params: dict, tester: str
) -> None:
    data = data_settings(params)
    some = [
        Sample(s.path, s.label, s.data, split=("train", "validation", "test")[n % 3])
        for n, s in enumerate(samples())
    ]
    twins = [
        Sample("cat/train.png", "cat", encoded(999), split="train"),
        Sample("cat/tester.png", "cat", encoded(999), split=tester),
    ]
    images = checked(tmp_path / "new", data, some + twins)
    assert flagged(images, "leakage") == {"cat/train.png"}
    assert "cat/tester.png" in kept(images)
    assert images.found.of("leakage")[0].reason == f"also in the {tester} split"


def test_a_group_that_the_source_splits_in_two_is_kept_where_it_tests(
    tmp_path: Path, params: dict
) -> None:
    some = [
        Sample(s.path, s.label, s.data, split=s.split, group=f"camera {n % 4 if n < 12 else n}")
        for n, s in enumerate(with_presets())
    ]
    images = checked(tmp_path / "new", data_settings(params), some)
    found = images.found
    assert {flag.check for flag in found.flags} == {"leakage"}
    sides: dict[str | None, set[str]] = {}
    for group, split, keep in zip(images.groups, images.splits, found.kept, strict=True):
        if keep:
            sides.setdefault(group, set()).add(split)
    assert all(len(side) == 1 for side in sides.values())
    assert "is also in the test split" in found.of("leakage")[0].reason


def near_twins(split: str | None, other: str | None, label: str = "cat") -> list[Sample]:
    picture = smooth(1, (16, 16, 3)).astype(int)
    noise = np.random.default_rng(0).integers(-2, 3, picture.shape)
    return [
        Sample("cat/near1.png", "cat", as_png(picture.astype(np.uint8)), split=split),
        Sample(
            f"{label}/near2.png", label, as_png((picture + noise).clip(0, 255).astype(np.uint8)),
            split=other,
        ),
    ]  # fmt: skip


def with_presets() -> list[Sample]:
    return [
        Sample(s.path, s.label, s.data, split=("train", "validation", "test")[n % 3])
        for n, s in enumerate(samples())
    ]


def test_near_duplicates_on_two_sides_leak(tmp_path: Path, params: dict) -> None:
    data = data_settings(params)
    images = checked(tmp_path / "new", data, with_presets() + near_twins("test", "train", "dog"))
    assert flagged(images, "leakage") == {"dog/near2.png"}
    reason = images.found.of("leakage")[0].reason
    assert reason == "hardly differs from one in the test split, under another label"
    assert "cat/near1.png" in kept(images)


@pytest.mark.parametrize(("action", "left"), [("warn", 122), ("drop", 121)])
def test_near_duplicates_on_one_side_are_kept_or_dropped(
    tmp_path: Path, params: dict, action: str, left: int
) -> None:
    data = data_settings(params, quality__near_duplicates__action=action)
    images = checked(tmp_path / "new", data, with_presets() + near_twins("train", "train"))
    assert len(flagged(images, "near_duplicates")) == 1
    assert len(kept(images)) == left
    (line,) = warned(images, data)
    assert line.startswith(f"near_duplicates: 1 image {'kept' if action == 'warn' else 'left out'}")


def test_a_near_duplicate_that_is_kept_leaks_like_any_other(tmp_path: Path, params: dict) -> None:
    """Two alike test, a third that is like the second alone trains."""
    base = smooth(1, (16, 16, 3)).astype(int)
    noise = np.random.default_rng(0).normal(0, 0.06 * base.std(), base.shape)
    some = with_presets()
    for number, split in enumerate(["test", "test", "train"]):
        array = (base + number * noise).clip(0, 255).astype(np.uint8)
        some.append(Sample(f"cat/near{number}.png", "cat", as_png(array), split=split))
    data = data_settings(params, quality__near_duplicates__bits=8)
    images = checked(tmp_path / "new", data, some)
    assert flagged(images, "leakage") == {"cat/near2.png"}
    assert len(flagged(images, "near_duplicates")) == 1


def test_images_of_unusual_size_are_told(tmp_path: Path, params: dict) -> None:
    data = data_settings(params)
    odd = [
        Sample("cat/thin.png", "cat", encoded(500, "PNG", (300, 9, 3))),
        Sample("cat/tiny.png", "cat", encoded(501, "PNG", (1, 1, 3))),
        Sample("cat/huge.png", "cat", encoded(502, "PNG", (400, 400, 3))),
    ]
    images = checked(tmp_path / "new", data, samples() + odd)
    assert flagged(images, "sizes") == {sample.path for sample in odd}
    assert len(kept(images)) == 123
    reasons = {flag.reason for flag in images.found.of("sizes")}
    assert reasons == {
        "1 x 1 pixels: a side under 8 pixels",
        "9 x 300 pixels: a side over 5 times the other",
        "400 x 400 pixels: over 100 times the usual 120",
    }


@pytest.mark.parametrize("action", ["fail", "warn", "drop"])
def test_a_class_of_few_images(tmp_path: Path, params: dict, action: str) -> None:
    data = data_settings(params, quality__small_class__action=action)
    few = [Sample(f"owl/{n}.png", "owl", encoded(900 + n)) for n in range(9)]
    images = checked(tmp_path / "new", data, samples() + few)
    first, *others = images.found.of("small_class")
    assert (first.label, first.row) == ("owl", None)
    # Left out, they stay listed one by one.
    dropped = {f"owl/{n}.png" for n in range(9)} if action == "drop" else set()
    paths = images.table.facts["path"].to_pylist()
    assert {paths[flag.row] for flag in others if flag.row is not None} == dropped
    assert ("owl" in images.classes) == (action != "drop")
    sentences = told(images, data) if action == "fail" else warned(images, data)
    assert any("class 'owl' has 9 of the 10 images that a class needs" in s for s in sentences)


def test_a_class_of_which_no_file_can_be_read_is_told(tmp_path: Path, params: dict) -> None:
    data = data_settings(params, quality__unreadable__at_most=0.5)
    broken = [Sample(f"owl/{n}.png", "owl", b"%d" % n) for n in range(20)]
    images = checked(tmp_path / "new", data, samples() + broken)
    assert "class 'owl' has 0 of the 10 images" in told(images, data)[0]


@pytest.mark.parametrize("action", ["fail", "warn", "drop"])
def test_a_class_missing_from_a_split(tmp_path: Path, params: dict, action: str) -> None:
    data = data_settings(params, quality__missing_class__action=action)
    lone = [Sample(f"owl/{n}.png", "owl", encoded(900 + n), split="train") for n in range(12)]
    images = checked(tmp_path / "new", data, with_presets() + lone)
    flag, *others = images.found.of("missing_class")
    assert len(others) == (12 if action == "drop" else 0)
    assert (flag.label, flag.reason) == ("owl", "has no image in the validation and test splits")
    assert ("owl" in images.classes) == (action != "drop")
    assert bool(told(images, data)) == (action == "fail")


@pytest.mark.parametrize("action", ["fail", "warn"])
def test_classes_of_very_different_size(tmp_path: Path, params: dict, action: str) -> None:
    data = data_settings(params, quality__imbalance={"action": action, "ratio": 3})
    few = [Sample(f"owl/{n}.png", "owl", encoded(900 + n)) for n in range(12)]
    images = checked(tmp_path / "new", data, samples() + few)
    assert [flag.label for flag in images.found.of("imbalance")] == ["owl"]
    assert bool(told(images, data)) == (action == "fail")


@pytest.mark.parametrize(
    ("some", "message"),
    [
        (samples(60, ["cat"]), "only one class was found"),
        (
            [Sample(f"{n % 2}/{n}.png", str(n % 2), encoded(n), split="test") for n in range(40)],
            "the train split is empty",
        ),
        (
            [Sample("a/1.png", "a", b"x"), Sample("b/1.png", "b", b"y")],
            "2 of 2 files cannot be read",
        ),
    ],
    ids=["one class", "nothing to train on", "nothing at all"],
)
def test_what_cannot_be_trained_on_is_told_whatever_the_settings(
    tmp_path: Path, params: dict, some: list[Sample], message: str
) -> None:
    data = data_settings(params)
    images = checked(tmp_path / "new", data, some)
    assert any(message in sentence for sentence in told(images, data))


def test_the_order_of_the_source_changes_nothing(tmp_path: Path, params: dict) -> None:
    data = data_settings(params)
    some = with_presets() + near_twins("test", "train") + near_twins("train", "train", "dog")
    some += [Sample("cat/again.png", "cat", samples()[0].data, split="train")]
    reports = [
        describe_images(checked(tmp_path / name, data, order), data)
        for name, order in (("one", some), ("two", some[::-1]))
    ]
    assert reports[0] == reports[1]
    assert len(reports[0]["flagged"]) >= 3


def test_a_split_that_a_check_has_emptied_is_told_with_the_check(
    tmp_path: Path, params: dict
) -> None:
    data = data_settings(params)
    split = ("train", "test", "validation")
    same = [
        Sample(f"{label}/{n}.png", label, encoded(n + at), split[n % 3], group=f"{label}{n // 3}")
        for at, label in ((0, "cat"), (500, "dog"))
        for n in range(60)
    ]
    images = checked(tmp_path / "new", data, same)
    sentences = told(images, data)
    assert any(
        "the train split is empty (40 images left out by data.quality.leakage)" in s
        for s in sentences
    )
