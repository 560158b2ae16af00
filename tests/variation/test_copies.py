"""Training copies depend on what is drawn, never on who draws or in which order."""

from pathlib import Path

import numpy as np
import pytest
from pictures import picture, split, split_of

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.seeds import generator
from constancy.settings.variation import Combine, Copies, Limits, Severities, Variation
from constancy.variation import parallel
from constancy.variation.copies import draw_copy, write_copies
from constancy.variation.extra import Extra, check_transforms
from constancy.variation.factors import FACTORS
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View

CLASSES = ["a", "b", "c"]


def with_copies(variation: Variation, **counts: int) -> Variation:
    return variation.model_copy(update={"copies": Copies(**counts)})


def written(
    folder: Path, train: PackedSplit, variation: Variation, seed: int = 0, workers: int = 1
) -> dict[str, np.ndarray]:
    write_copies(train, CLASSES, variation, seed, folder, workers=workers)
    return {path.parent.name: np.load(path) for path in folder.glob("*/images.npy")}


def test_every_kind_has_its_copies_of_every_image(tmp_path: Path, variation: Variation) -> None:
    train = split(10, (12, 14, 3))
    counts = {"viewpoint": 1, "occlusion": 3, "combined": 2}
    copies = written(tmp_path / "augmented", train, with_copies(variation, **counts))
    assert {kind: array.shape for kind, array in copies.items()} == {
        kind: (count, 10, 12, 14, 3) for kind, count in counts.items()
    }
    assert all(array.dtype == np.uint8 for array in copies.values())
    for array in copies.values():
        # The slightest severities may leave an image as it was.
        assert (array != train.images).any(axis=(2, 3, 4)).mean() > 0.8
        different = {image.tobytes() for copy in array for image in copy}
        assert len(different) > 0.8 * array.shape[0] * 10


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    tmp_path: Path, variation: Variation
) -> None:
    train = split(9)
    one, same = written(tmp_path / "a", train, variation), written(tmp_path / "b", train, variation)
    other = written(tmp_path / "c", train, variation, seed=1)
    assert set(one) == {*FACTORS, "combined"}
    for kind in one:
        assert (one[kind] == same[kind]).all()
        assert (one[kind] != other[kind]).any(axis=(2, 3, 4)).mean() > 0.9


def test_the_number_of_workers_and_the_size_of_jobs_do_not_matter(
    tmp_path: Path, variation: Variation, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = split(20)
    whole = written(tmp_path / "one", train, variation)
    monkeypatch.setattr(parallel, "_SHARD_SECONDS", 1e-3)
    parts = written(tmp_path / "two", train, variation, workers=2)
    assert set(whole) == set(parts)
    assert all((whole[kind] == parts[kind]).all() for kind in whole)


def test_an_image_has_the_same_copies_wherever_it_stands(
    tmp_path: Path, variation: Variation
) -> None:
    """Among other images, too: what is drawn hangs on its id alone, but for foreign objects."""
    kinds = {"viewpoint": 2, "illumination": 1, "scale": 1, "deformation": 1}
    few, many = split(6), split(15)
    one = written(tmp_path / "few", few, with_copies(variation, **kinds))
    two = written(tmp_path / "many", many, with_copies(variation, **kinds))
    places = [many.index["id"].tolist().index(sample) for sample in few.index["id"]]
    assert places != list(range(6))
    for kind in kinds:
        assert (two[kind][:, places] == one[kind]).all()


def test_the_same_image_twice_is_no_trouble(tmp_path: Path, variation: Variation) -> None:
    images = np.stack([picture(number, (16, 16, 1)) for number in (0, 1, 1, 2)])
    train = split_of(images, np.array([0, 1, 1, 2]))
    copies = written(tmp_path / "augmented", train, variation)
    ids = train.index["id"].tolist()
    twin = next(row for row in range(3) if ids[row] == ids[row + 1])
    assert (copies["combined"][:, twin] == copies["combined"][:, twin + 1]).all()


def test_no_copies_wanted_leaves_an_empty_folder(tmp_path: Path, variation: Variation) -> None:
    folder = tmp_path / "augmented"
    assert written(folder, split(4), variation)
    assert written(folder, split(4), with_copies(variation)) == {}
    assert list(folder.iterdir()) == []


def test_a_failure_leaves_the_former_copies(tmp_path: Path, variation: Variation) -> None:
    folder = tmp_path / "augmented"
    before = written(folder, split(4), with_copies(variation, clutter=1))
    with pytest.raises(UserError, match="two classes"):
        write_copies(split(4, classes=1), CLASSES, with_copies(variation, clutter=1), 0, folder)
    assert (np.load(folder / "clutter" / "images.npy") == before["clutter"]).all()
    assert [path.name for path in tmp_path.iterdir()] == ["augmented"]


def test_severities_are_drawn_from_all_above_0(variation: Variation) -> None:
    train = split(4, (64, 64, 1), classes=2)
    scene = Scene((64, 64, 1), 0, Donors.of(train.images, train.labels))
    whole = variation.model_copy(update={"severities": Severities(least=0, most=5)})
    areas = []
    for seed in range(400):
        (block,) = draw_copy("occlusion", whole, generator(seed), scene)
        areas.append(block.height * block.width / 64**2)
    # Strengths are .05, .1, .2, .3, .4, so a severity below 2 hides at most a tenth.
    assert min(areas) < 0.01
    assert max(areas) > 0.39
    assert np.mean(np.array(areas) < 0.1) == pytest.approx(0.4, abs=0.08)


def test_severities_are_drawn_from_those_of_the_settings(variation: Variation) -> None:
    train = split(4, (64, 64, 1), classes=2)
    scene = Scene((64, 64, 1), 0, Donors.of(train.images, train.labels))
    few = variation.model_copy(update={"severities": Severities(least=2, most=3)})
    areas = []
    for seed in range(100):
        (block,) = draw_copy("occlusion", few, generator(seed), scene)
        areas.append(block.height * block.width / 64**2)
    assert 0.09 < min(areas) < 0.12
    assert 0.18 < max(areas) < 0.21


def test_no_copy_of_a_class_goes_beyond_its_limits(tmp_path: Path, variation: Variation) -> None:
    train = split(12)
    limits = {"b": Limits(scale=0, occlusion=1)}
    limited = with_copies(variation, scale=2, occlusion=2).model_copy(update={"limits": limits})
    copies, free = (
        written(tmp_path / name, train, some)
        for name, some in (("limited", limited), ("free", with_copies(variation, scale=2)))
    )
    own = train.labels == 1
    assert (copies["scale"][:, own] == train.images[own]).all()
    assert (copies["scale"][:, ~own] == free["scale"][:, ~own]).all()
    changed = (copies["occlusion"] != train.images).any(axis=4).mean(axis=(2, 3))
    assert changed[:, own].max() <= 0.07  # 5 % of the area, rounded
    assert changed[:, ~own].max() > 0.1


def test_limits_of_an_unknown_class_are_refused(tmp_path: Path, variation: Variation) -> None:
    wrong = variation.model_copy(update={"limits": {"bb": Limits()}})
    with pytest.raises(UserError, match=r"variation.limits: .* class 'bb': did you mean 'b'"):
        written(tmp_path / "copies", split(6), wrong)
    assert list(tmp_path.iterdir()) == []


def test_copies_pass_through_transforms_of_albumentations(
    tmp_path: Path, variation: Variation
) -> None:
    train = split(6)
    plain = written(tmp_path / "plain", train, with_copies(variation, scale=2))
    update = {"albumentations": [{"name": "InvertImg", "p": 1}, {"name": "GaussNoise", "p": 1}]}
    noisy = with_copies(variation, scale=2).model_copy(update=update)
    one, two = (written(tmp_path / name, train, noisy) for name in ("one", "two"))
    assert (one["scale"] == two["scale"]).all()
    difference = one["scale"].astype(int) - (255 - plain["scale"].astype(int))
    assert (difference != 0).mean() > 0.3
    assert np.abs(difference).mean() < 60  # white noise on white is cut off
    assert (difference[0] != difference[1]).any()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        ({"name": "GausNoise"}, r"no transform 'GausNoise': did you mean 'GaussNoise'\?"),
        ({"name": "BasicTransform"}, "BasicTransform"),
        ({"name": "DualTransform"}, "by DualTransform, .* cannot be transformed: NotImpl"),
        ({"name": "OneOf"}, "no transform 'OneOf': .* list transforms one by one"),
        (
            {"name": "GaussNoise", "strength": 3},
            "GaussNoise does not take these arguments: .*strength",
        ),
        (
            {"name": "GaussNoise", "std_range": [20, 50]},
            "GaussNoise does not take these arguments: std_range: Value error, All values in "
            r"\(20.0, 50.0\) must be >= 0 and <= 1$",
        ),
        ({"name": "GaussNoise", "p": 7}, "GaussNoise does not take these arguments"),
        ({"name": "ShiftScaleRotate", "angle": 3}, "ShiftScaleRotate does not take .*'angle'"),
        ({"name": "ToSepia", "tone": 3}, "ToSepia does not take these arguments: .*tone"),
        ({"name": "Blur", "blur_limit": 4}, "Blur does not take .*must be odd"),
        ({"name": "MedianBlur", "blur_limit": 4}, "MedianBlur does not take .*must be odd"),
        ({"name": "Posterize", "num_bits": [[1, 2], [3, 4]]}, "Posterize does not take .*float"),
        ({"name": "RandomCrop", "height": 8, "width": 8, "p": 0.01}, r"became \(8, 8, 1\)"),
        ({"name": "Normalize", "p": 1}, "became"),
        ({"name": "RandomFog"}, r"by RandomFog, .* cannot be transformed: .*3-channel"),
    ],
)
def test_transforms_that_cannot_be_used_are_refused(
    tmp_path: Path, variation: Variation, transform: dict, message: str
) -> None:
    update = {"albumentations": [{"name": "InvertImg"}, transform]}
    wrong = with_copies(variation, scale=1).model_copy(update=update)
    with pytest.raises(UserError, match=rf"^variation\.albumentations\[1\]: .*{message}"):
        written(tmp_path / "copies", split(6), wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_transform_that_is_never_applied_is_not_tried() -> None:
    check_transforms([{"name": "RandomCrop", "height": 8, "width": 8, "p": 0}], (16, 16, 1))


@pytest.mark.parametrize("name", ["ShiftScaleRotate", "PiecewiseAffine", "ToSepia", "MedianBlur"])
def test_transforms_are_taken_whatever_advice_albumentations_gives_on_them(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    image = picture(0, (16, 16, 3))
    assert (Extra([{"name": name, "p": 1}]).apply(image, 0) != image).any()
    assert not [each for each in recwarn if issubclass(each.category, UserWarning)]


def test_deprecated_arguments_of_transforms_are_taken() -> None:
    values = {"name": "FDA", "reference_images": [1], "p": 0}
    image = picture(0, (16, 16, 3))
    assert (Extra([values]).apply(image, 0) == image).all()


def test_combinations_hold_as_many_different_factors_as_the_settings_say(
    variation: Variation,
) -> None:
    train = split(4, classes=2)
    scene = Scene((16, 16, 1), 0, Donors.of(train.images, train.labels))
    some = variation.model_copy(update={"combine": Combine(least=3, most=5)})
    counts, kinds = set(), set()
    for seed in range(200):
        view = View.of(draw_copy("combined", some, generator(seed), scene))
        pieces = [*view.geometry, *view.lights, *view.layers]
        # Viewpoint and scale are one piece; scale shows in the diagonal of the map.
        both = sum(hasattr(piece, "back") and _is_two_factors(piece.back) for piece in pieces)
        counts.add(len(pieces) + both)
        kinds |= {type(piece).__name__ for piece in pieces}
    assert counts == {3, 4, 5}
    assert kinds == {"Homography", "Displacement", "Light", "Patches", "Block"}


def _is_two_factors(back: np.ndarray) -> bool:
    """Whether a homography both tilts and resizes: a tilt alone keeps lengths across its direction
    at the centre."""
    if np.allclose(back[2, :2], 0):
        return False
    centre = np.array([7.5, 7.5, 1])
    x, y, w = back @ centre
    jacobian = (back[:2, :2] - np.outer([x / w, y / w], back[2, :2])) / w
    return abs(np.linalg.svd(jacobian)[1][1] - 1) > 1e-6
