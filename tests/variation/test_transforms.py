"""The factors in albumentations: seeded, in any size, and labels that follow the pixels."""

import albumentations as A  # noqa: N812
import cv2
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


def half_or_six_times() -> A.BasicTransform:
    return transforms.Scale(5, {"smaller": [0.9, 0.8, 0.7, 0.6, 0.5], "larger": [2, 3, 4, 5, 6]}, 1)


def with_targets(kinds: list[A.BasicTransform], seed: int) -> A.Compose:
    return A.Compose(
        kinds,
        seed=seed,
        bbox_params=A.BboxParams(format="pascal_voc", label_fields=["kinds"]),
        keypoint_params=A.KeypointParams(format="xyas", remove_invisible=False),
    )


def targets_of(kind: A.BasicTransform, points: list[tuple], seed: int = 0) -> np.ndarray:
    """Key points, as x, y, angle in degrees and size, in a picture of 64 x 64."""
    image = np.zeros((64, 64, 3), np.uint8)
    seen = with_targets([kind], seed)(image=image, bboxes=[], kinds=[], keypoints=points)
    return np.array(seen["keypoints"])


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
def test_masks_and_key_points_follow_the_geometry(
    name: str, seed: int, strengths: Strengths
) -> None:
    mask = disc(26, 36, 8)
    pipeline = A.Compose(
        [transform(name, strengths, 4)],
        seed=seed,
        keypoint_params=A.KeypointParams(format="xy"),
    )
    after = pipeline(image=200 * mask, mask=mask, keypoints=[(36, 26)])
    seen, expected = after["image"] > 100, after["mask"] > 0
    assert (seen & expected).sum() / (seen | expected).sum() > 0.85
    y, x = np.nonzero(expected)
    assert after["keypoints"][0] == pytest.approx((x.mean(), y.mean()), abs=0.7)


@pytest.mark.parametrize("box", [(28, 18, 45, 35), (30, 20, 31, 21), (20, 40, 44, 42)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", GEOMETRY)
def test_a_box_surrounds_what_is_seen_of_it(
    name: str, seed: int, box: tuple[int, int, int, int], strengths: Strengths
) -> None:
    """Compared with the bounds of its own pixels, drawn 16 times as large."""
    fine = 16
    mask = np.zeros((64, 64), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 1
    image = np.zeros((64, 64), np.uint8)
    adapter = transform(name, strengths, 4)
    pipeline = with_targets([adapter], seed)
    after = pipeline(image=image, bboxes=[box], kinds=["own"], keypoints=[])
    assert after["kinds"] == ["own"]
    pipeline.set_random_seed(seed)
    params = adapter.get_params_dependent_on_data({"shape": image.shape}, {})
    maps = [cv2.resize(params[key], None, fx=fine, fy=fine) for key in ("map_x", "map_y")]
    y, x = np.nonzero(cv2.remap(mask, *maps, cv2.INTER_NEAREST))
    bounds = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1]) / fine
    assert after["bboxes"][0] == pytest.approx(bounds, abs=0.1)


def test_boxes_go_exactly_where_the_formula_says() -> None:
    boxes = [(10, 12, 11, 13), (0, 0, 32, 32), (15.5, 16, 16.25, 16.5)]
    found = set()
    for seed in range(10):
        pipeline = with_targets([half_or_six_times()], seed)
        image = np.zeros((32, 32, 3), np.uint8)
        after = pipeline(image=image, bboxes=boxes, kinds=["a", "b", "c"], keypoints=[])
        found.add(tuple(map(tuple, np.round(after["bboxes"], 4).tolist())))
        assert after["kinds"] == (["a", "b", "c"] if len(after["bboxes"]) == 3 else ["b", "c"])
    assert found == {
        ((13.0, 14.0, 13.5, 14.5), (8.0, 8.0, 24.0, 24.0), (15.75, 16.0, 16.125, 16.25)),
        ((0.0, 0.0, 32.0, 32.0), (13.0, 16.0, 17.5, 19.0)),  # the first has left the image
    }


def test_key_points_go_exactly_where_the_formula_says(strengths: Strengths) -> None:
    pipeline = A.Compose([half_or_six_times()], keypoint_params=A.KeypointParams(format="xy"))
    found = set()
    for seed in range(10):
        pipeline.set_random_seed(seed)
        image = np.zeros((32, 32, 3), np.uint8)
        points = pipeline(image=image, keypoints=[(16.5, 14.5)])["keypoints"]
        found.add(tuple(np.round(points[0], 4).tolist()))
    assert found == {(16.0, 15.0), (21.5, 9.5)}  # half as far from (15.5, 15.5), or six times


def test_key_points_grow_and_shrink_with_the_picture() -> None:
    points = [(33, 30, 0, 8), (31.5, 31.5, 200, 3)]
    factors = set()
    for seed in range(10):
        seen = targets_of(half_or_six_times(), points, seed)
        factor = round(float(seen[0][3] / 8), 3)
        assert seen == pytest.approx(targets_of(A.Affine(scale=(factor, factor), p=1), points))
        factors.add(factor)
    assert factors == {0.5, 6.0}


@pytest.mark.parametrize("seed", range(4))
def test_key_points_turn_with_the_picture(seed: int) -> None:
    """The same as under the affine transform of albumentations, whose angles grow anticlockwise."""
    nothing = [n * 1e-5 for n in range(1, 6)]
    roll = transforms.Viewpoint(5, {"tilt": nothing, "roll": [10, 20, 30, 40, 50]}, p=1)
    points = [(40, 30, 0, 8), (20, 28, 100, 3), (31.5, 31.5, 359, 3)]
    seen = targets_of(roll, points, seed)
    degrees = seen[0, 2]
    affine = A.Affine(rotate=(degrees, degrees), p=1)
    assert seen == pytest.approx(targets_of(affine, points), abs=0.02)
    assert min(degrees, 360 - degrees) > 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", GEOMETRY)
def test_key_points_show_what_the_geometry_does_around_them(
    name: str, seed: int, strengths: Strengths
) -> None:
    """Like a second point a little way off in their direction, and a third one across it."""
    x, y, angle, way = 36, 26, np.radians(70), 2
    ahead = (x + way * np.cos(angle), y - way * np.sin(angle), 0, 1)
    aside = (x + way * np.sin(angle), y + way * np.cos(angle), 0, 1)
    seen = targets_of(transform(name, strengths, 4), [(x, y, 70, 5), ahead, aside], seed)
    along, across = seen[1, :2] - seen[0, :2], seen[2, :2] - seen[0, :2]
    turned = np.degrees(np.arctan2(-along[1], along[0])) - seen[0, 2]
    assert (turned + 180) % 360 - 180 == pytest.approx(0, abs=3)
    area = abs(along[0] * across[1] - along[1] * across[0])
    assert seen[0, 3] == pytest.approx(5 * np.sqrt(area) / way, rel=0.05)


def test_angles_stay_below_a_full_turn() -> None:
    points = np.array([[3, 4, 0, angle, 1, 7] for angle in (0, -1e-9, 2 * np.pi)], np.float32)
    moved = half_or_six_times().apply_to_keypoints(points, view=View())
    assert moved == pytest.approx(np.array([[3, 4, 0, 0, 1, 7]] * 3), abs=1e-6)
    assert (moved[:, 3] < 2 * np.pi).all()


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


@pytest.mark.parametrize(
    ("donor", "image", "message"),
    [
        ((8, 8, 1), (16, 16, 3), "donors have 1 channel, and the image 3 channels"),
        ((8, 8, 3), (16, 16, 1), "donors have 3 channels, and the image 1 channel"),
        ((8, 8, 3), (16, 16), "donors have 3 channels, and the image 1 channel"),
    ],
)
@pytest.mark.parametrize("kind", [transforms.Clutter, transforms.Occlusion])
def test_foreign_pieces_need_the_channels_of_the_image(
    kind: type, donor: tuple, image: tuple, message: str, strengths: Strengths
) -> None:
    donors = Donors.of(np.zeros((4, *donor), np.uint8), np.arange(4))
    foreign = kind(3, getattr(strengths, kind.factor), donors, p=1)
    for seed in range(5):  # whatever an occlusion is made of
        foreign.set_random_seed(seed)
        with pytest.raises(ValueError, match=message):
            foreign(image=np.zeros(image, np.uint8), label=1)


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


@pytest.mark.parametrize("severity", [-1, 6, (3, 2), (0, 5.5), (1, 2, 3)])
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
    with pytest.raises(ValueError, match="1 or 3 channels, not 4"):
        transform("scale", strengths)(image=np.zeros((16, 16, 4), np.uint8))
    with pytest.raises(TypeError, match="label must be the number of the image's class"):
        transform("clutter", strengths)(image=picture(0), label="cat")


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
