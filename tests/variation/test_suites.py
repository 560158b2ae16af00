"""Suites are whole, frozen and hashed, and change little when images are added."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import split, split_of

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.files import read_json, write_json
from constancy.settings.base import COMBINED, PIXEL_FACTORS, SEVERITIES
from constancy.settings.variation import Limits, Variation
from constancy.variation import copies, parallel, variants
from constancy.variation.controls import CONTROLS, control_image
from constancy.variation.embedding import fit_embedding
from constancy.variation.factors import ANY, FACTORS
from constancy.variation.scene import Donors, Scene
from constancy.variation.suites import Suite, suite_digest
from constancy.variation.variants import Maker
from constancy.variation.view import View
from constancy.variation.write_suites import choose_base, write_suites

CLASSES = ["a", "b", "c"]
KINDS = (*PIXEL_FACTORS, COMBINED)


def suite_of(
    folder: Path,
    images: PackedSplit,
    variation: Variation,
    name: str = "test",
    count: int = 8,
    seed: int = 0,
    workers: int = 1,
) -> Suite:
    embedding = fit_embedding(split(30, images.images.shape[1:], first=300))
    write_suites(name, images, CLASSES, embedding, variation, count, seed, folder, workers=workers)
    return Suite.load(folder)


def maker_of(images: PackedSplit, variation: Variation) -> Maker:
    donors = Donors.of(images.images, images.labels)
    return Maker((0, "suite", "test"), variation, donors, [{}, {}, {}])


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_test_suite_has_every_severity_and_direction(
    tmp_path: Path, variation: Variation
) -> None:
    images = split(20, (16, 18, 3))
    suite = suite_of(tmp_path / "test", images, variation)
    assert len(suite) == 8
    assert tuple(suite.images) == KINDS
    for factor, array in suite.images.items():
        known = list(FACTORS[factor].directions) if factor in FACTORS else [ANY]
        assert suite.directions[factor] == known
        assert array.shape == (5, len(suite.directions[factor]), 8, 16, 18, 3)
        assert array.dtype == np.uint8
        base = images.images[suite.index["row"]]
        assert (array != base).any(axis=(3, 4, 5)).all()
    assert suite.index["id"].tolist() == images.index["id"][suite.index["row"]].tolist()
    assert suite.index["label"].tolist() == images.labels[suite.index["row"]].tolist()
    assert suite.strengths == variation.strengths.model_dump()
    assert set(suite.libraries) == {"numpy", "opencv", "pillow"}


def test_the_validation_suite_draws_one_direction(tmp_path: Path, variation: Variation) -> None:
    images = split(40, (24, 24, 1))
    suite = suite_of(tmp_path / "validation", images, variation, "validation", count=40)
    assert all(array.shape == (5, 1, 40, 24, 24, 1) for array in suite.images.values())
    assert all(names == ["any"] for names in suite.directions.values())
    brighter = suite.images["illumination"][4, 0].mean(axis=(1, 2, 3)) > images.images.mean(
        axis=(1, 2, 3)
    )
    assert 8 < brighter.sum() < 32


def test_directions_are_what_they_are_called(tmp_path: Path, variation: Variation) -> None:
    images = split(12, (24, 24, 1))
    suite = suite_of(tmp_path / "test", images, variation, count=12)
    darker, lighter = suite.images["illumination"][4].astype(float).mean(axis=(1, 2, 3, 4))
    smaller, larger = suite.images["scale"][4].astype(float).mean(axis=(1, 2, 3, 4))
    plain = images.images.mean()
    assert darker < plain < lighter
    assert smaller < plain < larger


def test_severities_rise_from_first_to_last(tmp_path: Path, variation: Variation) -> None:
    images = split(30, (24, 24, 1))
    suite = suite_of(tmp_path / "test", images, variation, count=30)
    for array in suite.images.values():
        changes = np.abs(array.astype(float) - images.images).mean(axis=(1, 2, 3, 4, 5))
        assert (np.diff(changes) > 0).all()


def test_the_same_light_falls_on_an_image_at_every_severity(
    tmp_path: Path, variation: Variation
) -> None:
    images = split(24, (24, 24, 1))
    suite = suite_of(tmp_path / "validation", images, variation, "validation", count=24)
    base = images.images[suite.index["row"]].mean(axis=(1, 2, 3))
    darker = suite.images["illumination"][:, 0].mean(axis=(2, 3, 4)) < base
    assert 4 < darker[0].sum() < 20
    assert (darker == darker[0]).all()


@pytest.mark.parametrize("direction", [*FACTORS["viewpoint"].directions, ANY])
def test_the_corners_of_every_image_move_farther_with_every_severity(
    variation: Variation, direction: str
) -> None:
    corners = np.array([[0, 0], [31, 0], [0, 31], [31, 31]], np.float32)
    maker = maker_of(split(6), variation)
    for sample in ids(range(200)):
        views = [
            maker.view("viewpoint", severity, direction, sample, Scene((32, 32, 1)))
            for severity in SEVERITIES
        ]
        moved = [np.linalg.norm(view.targets(corners) - corners, axis=1).mean() for view in views]
        assert (np.diff(moved) > 0).all()


def test_several_factors_at_once_are_as_many_as_the_settings_say(variation: Variation) -> None:
    images = split(6, (32, 32, 1))
    maker, seen = maker_of(images, variation), set()
    for sample in ids(range(100)):
        scene = maker.scene((32, 32, 1), 0)
        views = [maker.view(COMBINED, severity, ANY, sample, scene) for severity in SEVERITIES]
        kinds = [
            [type(piece) for piece in (*view.geometry, *view.lights, *view.layers)]
            for view in views
        ]
        assert all(each == kinds[0] for each in kinds)
        seen.add(len(kinds[0]))
    assert seen == {1, 2, 3}  # viewpoint and scale together are one piece


def test_controls_have_what_a_factor_adds_and_not_what_it_changes(
    tmp_path: Path, variation: Variation
) -> None:
    images = split(12, (24, 24, 1))
    suite = suite_of(tmp_path / "test", images, variation, count=12)
    base = images.images[suite.index["row"]]
    assert tuple(suite.controls) == tuple(CONTROLS)
    for factor, controls in suite.controls.items():
        assert controls.shape == (5, 12, 24, 24, 1)
        varied = np.abs(suite.images[factor].astype(int) - base).mean(axis=(1, 2, 3, 4, 5))
        controlled = np.abs(controls.astype(int) - base).mean(axis=(1, 2, 3, 4))
        assert 0 < controlled[4] < (1.2 if factor == "clutter" else 1) * varied[4]
    assert COMBINED in suite.controls
    assert suite_of(tmp_path / "validation", images, variation, "validation").controls == {}


def test_a_control_has_the_border_and_the_places_of_its_variant(variation: Variation) -> None:
    images = split(9, (32, 32, 1))
    maker = maker_of(images, variation)
    scene, image = maker.scene((32, 32, 1), 1), np.full((32, 32, 1), 90, np.uint8)
    black = np.zeros(1, np.uint8)
    for sample in ids(range(20)):
        varied = maker.view("scale", 5, "smaller", sample, scene)
        control = View.of(maker.draw_control("scale", 5, ["smaller"], sample, scene))
        gone = varied.apply(image, black)[:, :, 0] < 45
        assert ((control_image(control, image, black)[:, :, 0] == 0) == gone).all()
        foreign = maker.view("clutter", 5, ANY, sample, scene).layers[0].patches
        own = maker.draw_control("clutter", 5, [ANY], sample, scene)[0].patches
        assert [(each.top, each.left) for each in own] == [(e.top, e.left) for e in foreign]
        sources = [images.images[row].tobytes() for row in np.flatnonzero(images.labels == 1)]
        for patch in own:
            line = patch.pixels[3, :, 0].tobytes()
            assert any(line in source for source in sources)


def test_a_control_of_several_factors_is_that_of_each_one_drawn(variation: Variation) -> None:
    images = split(9, (32, 32, 1))
    maker = maker_of(images, variation)
    scene, image = maker.scene((32, 32, 1), 1), np.full((32, 32, 1), 90, np.uint8)
    own = [images.images[row].tobytes() for row in np.flatnonzero(images.labels == 1)]
    black, seen = np.zeros(1, np.uint8), set()
    for sample in ids(range(40)):
        varied = maker.view(COMBINED, 5, ANY, sample, scene)
        control = View.of(maker.draw_control(COMBINED, 5, [ANY], sample, scene))
        shown = control_image(control, image, black)
        beyond = varied.beyond(32, 32)
        if not varied.layers:  # the border alone, with neither its light nor its geometry
            assert (shown[beyond] == 0).all()
            assert (shown[~beyond] == 90).all()
        assert [type(each) for each in control.layers] == [type(each) for each in varied.layers]
        for layer in control.layers:
            for patch in getattr(layer, "patches", ()):
                assert any(patch.pixels[3, :, 0].tobytes() in source for source in own)
        seen.add((bool(varied.geometry), bool(varied.lights), len(varied.layers)))
    assert len(seen) > 4


def test_suites_and_copies_never_share_a_draw(
    variation: Variation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the two suites: every generator is asked for by a purpose of its own."""
    asked: dict[str, list[tuple]] = {}
    for module in (copies, variants):

        def watched(*purpose: object, real: object = module.generator) -> np.random.Generator:
            asked.setdefault(stage, []).append(purpose)
            return real(*purpose)  # type: ignore[operator]

        monkeypatch.setattr(module, "generator", watched)
    images = split(8)
    stage = "copies"
    copies.write_copies(images, CLASSES, variation, 0, tmp_path / "copies", workers=1)
    for stage in ("test", "validation"):
        suite_of(tmp_path / stage, images, variation, stage)
    purposes = {name: set(each) for name, each in asked.items()}
    assert len(set.union(*purposes.values())) == sum(map(len, purposes.values()))
    assert all(len(each) > 50 for each in purposes.values())


def test_a_suite_shows_images_of_its_own_split_alone(tmp_path: Path, variation: Variation) -> None:
    """Foreign pieces too: of a split that is plain white but for its objects, none is dark."""
    images = split(9, (24, 24, 1))
    white = PackedSplit(np.full_like(images.images, 255), images.labels, images.index)
    suite = suite_of(tmp_path / "test", white, variation, count=9)
    assert (suite.images["clutter"] == 255).all()
    assert (suite.controls["clutter"] == 255).all()


def test_clusters_are_kinds_of_specimens_within_a_class() -> None:
    plain, striped = np.full((60, 12, 12, 1), 60, np.uint8), np.full((60, 12, 12, 1), 60, np.uint8)
    striped[:, ::2] = 220
    pixels = np.concatenate([plain, striped])
    pixels += np.random.default_rng(0).integers(0, 20, pixels.shape, dtype=np.uint8)
    train = split_of(pixels, np.arange(120) % 2)
    clusters = fit_embedding(train).nearest_clusters(train.images, train.labels)
    is_striped = train.images[:, 0].mean(axis=(1, 2)) > 128
    for label in (0, 1):
        own = train.labels == label
        assert len(set(zip(clusters[own], is_striped[own], strict=True))) == 2
    assert fit_embedding(train).nearest_clusters(train.images[:3], np.array([0, 1, 7]))[2] == 0


def test_every_image_of_the_split_has_an_intra_class_severity(
    tmp_path: Path, variation: Variation
) -> None:
    images = split(30)
    table = suite_of(tmp_path / "test", images, variation).intra_class
    assert table["row"].tolist() == list(range(30))
    assert table["id"].tolist() == images.index["id"].tolist()
    for label in range(3):
        own = table[images.labels == label]
        assert own["severity"].value_counts().to_dict() == {1: 2, 2: 2, 3: 2, 4: 2, 5: 2}
        assert own.groupby("severity")["distance"].mean().is_monotonic_increasing


def test_suites_are_frozen(
    tmp_path: Path, variation: Variation, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = split(20)
    one = suite_of(tmp_path / "one", images, variation)
    with monkeypatch.context() as patched:
        patched.setattr(parallel, "_SHARD_SECONDS", 1e-3)  # several shards of each kind
        assert len(parallel.shards(8, 5, 16 * 16)) > 1
        two = suite_of(tmp_path / "two", images, variation, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert one.digest == two.digest
    other = suite_of(tmp_path / "other", images, variation, seed=1)
    assert other.digest != one.digest
    assert (other.images["scale"] != one.images["scale"]).any()


def test_the_limits_of_a_class_hold_in_suites(tmp_path: Path, variation: Variation) -> None:
    images = split(18, (24, 24, 1))
    limited = variation.model_copy(update={"limits": {"b": Limits(scale=0, occlusion=2)}})
    free, held = (
        suite_of(tmp_path / name, images, chosen, count=18)
        for name, chosen in (("free", variation), ("held", limited))
    )
    own = (held.index["label"] == 1).to_numpy()
    base = images.images[held.index["row"]]
    assert (held.images["scale"][:, :, own] == base[own]).all()
    second = held.images["occlusion"][1][:, own]
    assert all((each[:, own] == second).all() for each in held.images["occlusion"][2:])
    for kind in KINDS:
        same = held.images[kind] == free.images[kind]
        assert same[:, :, ~own].all()
        assert same[:, :, own].all() == (kind not in ("scale", "occlusion", COMBINED))


def test_one_changed_pixel_of_the_split_changes_the_digest(
    tmp_path: Path, variation: Variation
) -> None:
    images = split(20)
    before = suite_of(tmp_path / "before", images, variation, count=20)
    pixels = images.images.copy()
    pixels[7, 8, 8, 0] ^= 1
    changed = PackedSplit(pixels, images.labels, images.index)
    assert suite_of(tmp_path / "after", changed, variation, count=20).digest != before.digest


def test_the_digest_covers_all_that_a_suite_holds(tmp_path: Path, variation: Variation) -> None:
    suite = suite_of(tmp_path / "test", split(20), variation)
    facts = read_json(tmp_path / "test" / "suite.json")
    assert facts["images"] == 8
    assert facts["seed"] == 0
    digest = facts.pop("digest")
    images = {factor: np.array(array) for factor, array in suite.images.items()}
    controls = {factor: np.array(array) for factor, array in suite.controls.items()}
    assert digest == suite_digest(images, controls, suite.index, suite.intra_class, facts)

    digests = {digest}
    for pixels in (images["clutter"][2, 0, 3], controls["clutter"][2, 3]):
        pixels[4, 5, 0] ^= 1
        digests.add(suite_digest(images, controls, suite.index, suite.intra_class, facts))
        pixels[4, 5, 0] ^= 1
    for table in ("index", "intra_class"):
        tables = {"index": suite.index.copy(), "intra_class": suite.intra_class.copy()}
        tables[table].loc[3, "row"] += 1
        digests.add(suite_digest(images, controls, facts=facts, **tables))
    for key, value in {"libraries": {"opencv": "4"}, "strengths": {}, "directions": {}}.items():
        changed = {**facts, key: value}
        digests.add(suite_digest(images, controls, suite.index, suite.intra_class, changed))
    assert len(digests) == 8


@pytest.mark.parametrize(
    "file",
    ["suite.json", "index.parquet", "intra-class.parquet"]
    + [f"{kind}/images.npy" for kind in KINDS]
    + [f"{factor}/controls.npy" for factor in CONTROLS],
)
def test_a_suite_with_a_missing_file_is_refused(
    file: str, tmp_path: Path, variation: Variation
) -> None:
    suite_of(tmp_path / "test", split(6, (8, 8, 1)), variation, count=2)
    (tmp_path / "test" / file).unlink()
    with pytest.raises(UserError, match=f"{file} is missing.*make run"):
        Suite.load(tmp_path / "test")


@pytest.mark.parametrize(
    "file", ["scale/images.npy", "occlusion/controls.npy", "index.parquet", "suite.json"]
)
def test_a_suite_that_is_not_the_recorded_one_is_refused(
    file: str, tmp_path: Path, variation: Variation
) -> None:
    folder = tmp_path / "test"
    suite_of(folder, split(6, (8, 8, 1)), variation, count=2)
    path = folder / file
    if path.suffix == ".npy":
        pixels = np.load(path)
        pixels[4, 0, 0] ^= 1
        np.save(path, pixels)
    elif path.suffix == ".parquet":
        pd.read_parquet(path).assign(label=0).to_parquet(path)
    else:
        write_json(path, read_json(path) | {"combine": {"least": 2, "most": 2}})
    with pytest.raises(UserError, match=r"digest differs from the recorded one .*make run"):
        Suite.load(folder)


@pytest.mark.parametrize(
    "file", ["suite.json", "index.parquet", "scale/images.npy", "occlusion/controls.npy"]
)
@pytest.mark.parametrize("content", [b"", b"{}", b"\x93NUMPY cut off"])
def test_a_suite_that_cannot_be_read_is_refused(
    file: str, content: bytes, tmp_path: Path, variation: Variation
) -> None:
    suite_of(tmp_path / "test", split(6, (8, 8, 1)), variation, count=2)
    (tmp_path / "test" / file).write_bytes(content)
    with pytest.raises(UserError, match="holds no suite that can be read: `make run`"):
        Suite.load(tmp_path / "test")


def test_a_split_of_one_class_leaves_the_former_suite(tmp_path: Path, variation: Variation) -> None:
    suite_of(tmp_path / "test", split(6, (8, 8, 1)), variation, count=2)
    before = contents(tmp_path)
    with pytest.raises(UserError, match="two classes"):
        suite_of(tmp_path / "test", split(6, (8, 8, 1), classes=1), variation, count=2)
    assert contents(tmp_path) == before


def ids(numbers: range) -> list[str]:
    return [f"{number * 2654435761 % 2**64:016x}" for number in numbers]


@given(st.integers(1, 60), st.integers(0, 100))
def test_base_images_are_as_many_as_asked_each_once(count: int, seed: int) -> None:
    labels = np.repeat([0, 1, 2], [30, 15, 5])
    rows = choose_base(ids(range(50)), labels, count, seed)
    assert len(set(rows.tolist())) == len(rows) == min(count, 50)
    assert (np.diff(rows) > 0).all()
    shares = np.bincount(labels[rows], minlength=3)
    assert np.abs(shares - len(rows) * np.array([0.6, 0.3, 0.1])).max() <= 1


def test_more_base_images_are_the_same_ones_and_more() -> None:
    labels = np.arange(200) % 7
    few, many = (set(choose_base(ids(range(200)), labels, count, 0)) for count in (40, 41))
    assert few < many


def test_added_images_move_few_base_images() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 1100)
    before = set(choose_base(ids(range(1000)), labels[:1000], 300, 0).tolist())
    one_more = set(choose_base(ids(range(1001)), labels[:1001], 300, 0).tolist())
    after = set(choose_base(ids(range(1100)), labels, 300, 0).tolist())
    assert len(before - one_more) <= 2
    assert len(before - after) < 60  # a tenth more images: about a tenth of 300, and some shifts
    shuffled = rng.permutation(1000)
    names = ids(range(1000))
    again = choose_base([names[n] for n in shuffled], labels[:1000][shuffled], 300, 0)
    assert {int(shuffled[row]) for row in again} == before
