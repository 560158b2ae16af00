"""The factors in albumentations: seeded, in any size, and labels that follow the pixels."""

import albumentations as A  # noqa: N812
import numpy as np
import pytest
from pictures import picture, split

from constancy.settings.variation import Strengths
from constancy.variation import transforms
from constancy.variation.factors import FACTORS
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors

NAMES = {
    "viewpoint": transforms.Viewpoint,
    "illumination": transforms.Illumination,
    "scale": transforms.Scale,
    "deformation": transforms.Deformation,
    "clutter": transforms.Clutter,
    "occlusion": transforms.Occlusion,
}
GEOMETRY = ["viewpoint", "scale", "deformation"]


def transform(
    name: str, strengths: Strengths, severity: object = 4, p: float = 1
) -> A.BasicTransform:
    arguments = {}
    if name in ("clutter", "occlusion"):
        others = split(12, (32, 32, 1), first=50)
        arguments["donors"] = Donors.of(others.images, others.labels)
    return NAMES[name](severity, getattr(strengths, name), p=p, **arguments)


def disc(row: float, column: float, radius: float, side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return (np.hypot(y - row, x - column) <= radius).astype(np.uint8)


def test_there_is_a_transform_for_every_factor() -> None:
    assert list(NAMES) == list(FACTORS)
    assert all(kind.factor == name for name, kind in NAMES.items())
    assert all(issubclass(NAMES[name], A.DualTransform) for name in GEOMETRY)
    assert all(
        issubclass(kind, A.ImageOnlyTransform)
        for name, kind in NAMES.items()
        if name not in GEOMETRY
    )


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_those_of_the_factor(name: str, strengths: Strengths) -> None:
    """No formula twice: the transform gives what a view of the factor's own piece gives."""
    image = picture(0)
    adapter = transform(name, strengths, severity=(1, 4))
    adapter.set_random_seed(7)
    after = adapter(image=image, label=1)["image"]
    rng = np.random.default_rng(7)
    severity = 1 + 3 * rng.random()
    donors = getattr(adapter, "donors", None)
    own = getattr(strengths, name)
    piece = FACTORS[name].draw(own, severity, rng, Scene((32, 32, 1), 1, donors))
    assert (after == View.of([piece]).apply(image, border_colors(image[None])[0])).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_repeats_itself_by_its_seed(name: str, strengths: Strengths) -> None:
    image = picture(0)
    seen = []
    for seed in (1, 1, 2):
        pipeline = A.Compose([transform(name, strengths, (1, 5))], seed=seed)
        seen.append(pipeline(image=image, label=0)["image"])
    assert (seen[0] == seen[1]).all()
    assert (seen[0] != seen[2]).any()


@pytest.mark.parametrize("shape", [(40, 40), (24, 50, 1), (33, 20, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_images_keep_their_form(name: str, shape: tuple[int, ...], strengths: Strengths) -> None:
    image = picture(0, (*shape, 1)[:3]).reshape(shape)
    adapter = transform(name, strengths)
    if hasattr(adapter, "donors") and shape[2:] == (3,):
        others = split(12, (32, 32, 3), first=50)
        adapter.donors = Donors.of(others.images, others.labels)
    after = A.Compose([adapter], seed=0)(image=image, label=0)["image"]
    assert after.shape == shape
    assert after.dtype == np.uint8
    assert (after != image).any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", GEOMETRY)
def test_masks_boxes_and_key_points_follow_the_geometry(
    name: str, seed: int, strengths: Strengths
) -> None:
    mask = disc(26, 36, 8)
    pipeline = A.Compose(
        [transform(name, strengths, 4)],
        seed=seed,
        bbox_params=A.BboxParams(format="pascal_voc", label_fields=["kinds"]),
        keypoint_params=A.KeypointParams(format="xy"),
    )
    after = pipeline(
        image=200 * mask,
        mask=mask,
        bboxes=[(28, 18, 45, 35)],
        kinds=["disc"],
        keypoints=[(36, 26)],
    )
    seen, expected = after["image"] > 100, after["mask"] > 0
    assert (seen & expected).sum() / (seen | expected).sum() > 0.85
    y, x = np.nonzero(expected)
    assert after["keypoints"][0] == pytest.approx((x.mean(), y.mean()), abs=0.7)
    # A box is moved by its corners, of which the disc has none: it may come out a little wide.
    inner, outer = 1, 4.5
    left, top, right, bottom = after["bboxes"][0]
    assert x.min() - outer <= left <= x.min() + inner
    assert y.min() - outer <= top <= y.min() + inner
    assert x.max() - inner <= right <= x.max() + outer
    assert y.max() - inner <= bottom <= y.max() + outer


def test_key_points_go_exactly_where_the_formula_says(strengths: Strengths) -> None:
    half = transforms.Scale(5, {"smaller": [0.9, 0.8, 0.7, 0.6, 0.5], "larger": [2, 3, 4, 5, 6]}, 1)
    pipeline = A.Compose([half], keypoint_params=A.KeypointParams(format="xy"))
    found = set()
    for seed in range(10):
        pipeline.set_random_seed(seed)
        image = np.zeros((32, 32, 3), np.uint8)
        points = pipeline(image=image, keypoints=[(16.5, 14.5)])["keypoints"]
        found.add(tuple(np.round(points[0], 4).tolist()))
    assert found == {(16.0, 15.0), (21.5, 9.5)}  # half as far from (15.5, 15.5), or six times


@pytest.mark.parametrize("name", GEOMETRY)
def test_several_images_are_seen_alike(name: str, strengths: Strengths) -> None:
    images = np.stack([picture(number, (32, 32, 3)) for number in range(5)])
    adapter = transform(name, strengths)
    adapter.set_random_seed(3)
    together = adapter(images=images)["images"]
    adapter.set_random_seed(3)
    assert (together[2] == adapter(image=images[2])["image"]).all()


def test_a_transform_that_is_not_applied_changes_nothing(strengths: Strengths) -> None:
    image = picture(0)
    assert (transform("scale", strengths, p=0)(image=image)["image"] == image).all()
    assert (transform("viewpoint", strengths, severity=0)(image=image)["image"] == image).all()


def test_foreign_pieces_are_never_of_the_images_own_class(strengths: Strengths) -> None:
    values = np.repeat(np.array([50, 100, 150, 200], np.uint8), 256).reshape(4, 16, 16, 1)
    clutter = transforms.Clutter(5, strengths.clutter, Donors.of(values, np.arange(4)), p=1)
    image = np.zeros((16, 16, 1), np.uint8)
    seen = {int(clutter(image=image, label=2)["image"].max()) for _ in range(40)}
    assert 200 in seen
    values[3] = 0
    assert all(clutter(image=image, label=2)["image"].max() <= 100 for _ in range(40))


def test_foreign_pieces_need_the_class_of_the_image(strengths: Strengths) -> None:
    with pytest.raises(ValueError, match="label"):
        transform("clutter", strengths)(image=picture(0))


@pytest.mark.parametrize("name", ["viewpoint", "illumination", "scale", "deformation"])
def test_a_transform_can_be_written_down_and_read_again(name: str, strengths: Strengths) -> None:
    one = transform(name, strengths, (1, 3), p=0.7)
    two = A.from_dict(A.to_dict(one))
    assert type(two) is type(one)
    assert two.p == 0.7
    assert two.get_transform_init_args() == one.get_transform_init_args()


def test_a_transform_that_holds_images_cannot_be_written_down(strengths: Strengths) -> None:
    with pytest.raises(NotImplementedError, match="holds images"):
        A.to_dict(transform("clutter", strengths))


@pytest.mark.parametrize("severity", [-1, 6, (3, 2), (0, 5.5)])
def test_severities_that_do_not_exist_are_refused(severity: object, strengths: Strengths) -> None:
    with pytest.raises(ValueError, match="severity"):
        transform("scale", strengths, severity)


def test_mistakes_in_arguments_are_refused(strengths: Strengths) -> None:
    with pytest.raises(TypeError, match="strenghts"):
        transforms.Scale(1, strenghts=strengths.scale)
    with pytest.raises(ValueError, match="tilt"):
        transforms.Viewpoint(1, {"roll": [1, 2, 3, 4, 5]})
    with pytest.raises(ValueError, match="less than or equal to 1"):
        transforms.Illumination(1, strengths.illumination, p=2)
    with pytest.raises(ValueError, match="uint8"):
        transform("scale", strengths)(image=picture(0).astype(np.float32))


@pytest.mark.parametrize("channels", [1, 3])
def test_clutter_behind_a_masked_object_is_another_background(
    channels: int, strengths: Strengths
) -> None:
    """The object stays as it is; behind it the images of other classes show, more and more."""
    mask = disc(32, 32, 14)
    image = np.full((64, 64, channels), 100, np.uint8)
    donors = Donors.of(np.full((2, 48, 48, channels), 240, np.uint8), np.array([0, 1], np.int64))
    backgrounds = []
    for severity in (1, 3, 5):
        clutter = transforms.Clutter(severity, strengths.clutter, donors, p=1)
        seen = clutter(image=image, mask=mask, label=0)
        assert (seen["mask"] == mask).all()
        assert (seen["image"][disc(32, 32, 10) == 1] == 100).all()
        outside = seen["image"][disc(32, 32, 18) == 0]
        assert (outside == outside[0, 0]).all()
        backgrounds.append(int(outside[0, 0]))
    assert backgrounds == [128, 184, 240]  # a fifth of the way, three fifths, all of it
