"""Classes that a factor turns into each other are found, and no others."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import pytest
from digits_project import digits_project
from pictures import split, split_of

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.settings.variation import Variation
from constancy.variation.embedding import fit_embedding
from constancy.variation.label_safety import Mapping, find_mappings, propose_limits

Turning = Callable[[list[float]], Variation]

HALF_TURN = [5.0, 10.0, 15.0, 60.0, 180.0]
QUARTER_TURN = [5.0, 10.0, 15.0, 45.0, 90.0]


@pytest.fixture
def turning(params: dict) -> Turning:
    """The committed settings with another roll, and hardly any tilt."""

    def variation(roll: list[float]) -> Variation:
        values = deepcopy(params["variation"])
        values["strengths"]["viewpoint"] = {"tilt": [1.0, 2.0, 3.0, 4.0, 5.0], "roll": roll}
        return Variation.model_validate(values)

    return variation


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> PackedSplit:
    folder = tmp_path_factory.mktemp("digits")
    digits_project(folder)
    return PackedSplit.load(folder / "data" / "prepared" / "train")


def found(train: PackedSplit, classes: list[str], variation: Variation) -> list[Mapping]:
    return find_mappings(train, classes, fit_embedding(train), variation, 0)


def pairs(mappings: list[Mapping]) -> set[tuple[str, str, str]]:
    return {(each.factor, each.source, each.target) for each in mappings}


def drawn(shapes: list[Callable[[np.ndarray], None]], turns: list[int], count: int) -> PackedSplit:
    """Drawings, each a little shifted, bent and noisy, turned by quarters: a class for each."""
    images, labels = [], []
    rng = np.random.default_rng(0)
    for label, (shape, quarters) in enumerate(zip(shapes, turns, strict=True)):
        for _ in range(count):
            canvas = np.full((32, 32), 20, np.uint8)
            shape(canvas)
            canvas = np.rot90(canvas, quarters)
            shift = np.array([[1, 0, rng.uniform(-1, 1)], [0, 1, rng.uniform(-1, 1)]], np.float32)
            moved = cv2.warpAffine(
                np.ascontiguousarray(canvas), shift, (32, 32), borderMode=cv2.BORDER_REPLICATE
            )
            noisy = moved + rng.normal(0, 6, moved.shape)
            images.append(noisy.clip(0, 255).astype(np.uint8)[..., None])
            labels.append(label)
    return split_of(np.stack(images), np.array(labels))


def arrow(canvas: np.ndarray) -> None:
    cv2.arrowedLine(canvas, (16, 26), (16, 6), 230, 3, tipLength=0.5)


def letter_b(canvas: np.ndarray) -> None:
    cv2.line(canvas, (11, 5), (11, 26), 230, 3)
    cv2.circle(canvas, (16, 20), 5, 230, 3)


def letter_d(canvas: np.ndarray) -> None:
    letter_b(canvas)
    canvas[:] = canvas[:, ::-1]


def letter_l(canvas: np.ndarray) -> None:
    cv2.line(canvas, (16, 4), (16, 27), 230, 3)


@pytest.mark.slow
def test_the_committed_strengths_turn_no_digit_into_another(
    digits: PackedSplit, variation: Variation
) -> None:
    assert found(digits, list("0123456789"), variation) == []


def test_six_and_nine_become_each_other_when_turned_by_half(
    digits: PackedSplit, turning: Turning
) -> None:
    mappings = found(digits, list("0123456789"), turning(HALF_TURN))
    assert {("viewpoint", "6", "9"), ("viewpoint", "9", "6")} <= pairs(mappings)
    assert {each.factor for each in mappings} == {"viewpoint"}
    limits = propose_limits(mappings)
    assert limits["6"] == limits["9"] == {"viewpoint": 4}
    assert not {"0", "1", "8"} & set(limits)  # which turned by half are themselves


def test_arrows_become_their_neighbours_when_turned_by_a_quarter(turning: Turning) -> None:
    arrows = drawn([arrow] * 4, [0, 1, 2, 3], 60)
    mappings = found(arrows, ["up", "left", "down", "right"], turning(QUARTER_TURN))
    neighbours = {("up", "left"), ("left", "down"), ("down", "right"), ("right", "up")}
    both_ways = neighbours | {(b, a) for a, b in neighbours}
    assert pairs(mappings) == {("viewpoint", a, b) for a, b in both_ways}
    assert set(propose_limits(mappings)) == {"up", "left", "down", "right"}
    assert all(own == {"viewpoint": 4} for own in propose_limits(mappings).values())


def test_b_and_q_d_and_p_become_each_other_when_turned_by_half(turning: Turning) -> None:
    letters = drawn([letter_b, letter_d, letter_d, letter_b, letter_l], [0, 0, 2, 2, 0], 60)
    mappings = found(letters, ["b", "d", "p", "q", "l"], turning(HALF_TURN))
    expected = {("b", "q"), ("q", "b"), ("d", "p"), ("p", "d")}
    assert pairs(mappings) == {("viewpoint", a, b) for a, b in expected}
    assert propose_limits(mappings) == {label: {"viewpoint": 4} for label in "bdpq"}


def test_limits_of_the_settings_do_not_hide_what_a_factor_does(
    turning: Turning, params: dict
) -> None:
    arrows = drawn([arrow] * 2, [0, 1], 40)
    free = turning(QUARTER_TURN)
    limited = Variation.model_validate(free.model_dump() | {"limits": {"a": {"viewpoint": 1.0}}})
    assert found(arrows, ["a", "b"], limited) == found(arrows, ["a", "b"], free) != []


def test_the_limit_is_below_the_first_severity_of_any_mapping() -> None:
    mappings = [
        Mapping("viewpoint", "6", "9", 5, [0.0, 0.0, 0.0, 0.0, 0.5]),
        Mapping("viewpoint", "6", "7", 3, [0.0, 0.0, 0.2, 0.3, 0.3]),
        Mapping("scale", "6", "0", 1, [0.2, 0.2, 0.2, 0.2, 0.2]),
    ]
    assert propose_limits(mappings) == {"6": {"viewpoint": 2, "scale": 0}}


def test_classes_of_no_or_few_images_are_passed_over(variation: Variation) -> None:
    few = split_of(split(20).images, np.array([0] * 18 + [1, 3]))
    assert isinstance(found(few, ["a", "b", "c", "d"], variation), list)


def test_images_of_one_class_alone_are_refused(variation: Variation) -> None:
    with pytest.raises(UserError, match="two classes"):
        found(split(6, classes=1), ["a"], variation)


def test_the_same_seed_finds_the_same(turning: Turning, tmp_path: Path) -> None:
    arrows = drawn([arrow] * 2, [0, 1], 30)
    one, two = (found(arrows, ["a", "b"], turning(QUARTER_TURN)) for _ in range(2))
    assert one == two
