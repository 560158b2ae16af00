"""The very bytes of every factor at every severity: what changes them changes every suite.

`python tests/variation/test_golden.py` writes golden.json anew, where a change is meant. Where
libraries or processor may round otherwise, the pictures must be the same but for that.
"""

import hashlib
import json
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_features__
from ruamel.yaml import YAML

from constancy.settings.base import COMBINED, SEVERITIES
from constancy.settings.variation import Variation
from constancy.variation.factors import ANY, FACTORS
from constancy.variation.scene import Donors
from constancy.variation.variants import Maker
from constancy.variation.view import border_colors

GOLDEN = Path(__file__).with_name("golden.json")
SEEDS = (0, 1, 2)
SHAPES = ((32, 32, 1), (48, 40, 3))
PARTS = 4  # of each side, whose means are kept
ROUNDING = 2  # by which a part's mean may differ on another machine


def machine() -> dict[str, str]:
    """What may round otherwise elsewhere: libraries, and what the processor can do at once."""
    wide = [name for name in ("FMA3", "AVX2", "AVX512F") if __cpu_features__.get(name)]
    return {"numpy": np.__version__, "opencv": cv2.__version__, "cpu": " ".join(wide)}


def pictures(shape: tuple[int, int, int]) -> np.ndarray:
    """Six pictures of integer arithmetic alone: rings and slopes, uint8."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    rings = [((y - 15) ** 2 + (x - 13 - n) ** 2) // (3 + n) % 256 for n in range(6)]
    slopes = [(5 * y + 3 * x) % 256 for _ in range(6)]
    planes = [rings, slopes, [(a + b) // 2 for a, b in zip(rings, slopes, strict=True)]]
    return np.stack(planes[: shape[2]], axis=-1).astype(np.uint8)


@cache
def seen() -> dict[str, np.ndarray]:
    """The picture by factor, direction, shape, severity and seed. Do not change it."""
    params = YAML(typ="safe").load((Path(__file__).parents[2] / "params.yaml").read_text())
    variation = Variation.model_validate(params["variation"])
    found = {}
    for shape in SHAPES:
        images = pictures(shape)
        donors = Donors.of(images, np.arange(6) % 3)
        border = border_colors(images)[0]
        for seed in SEEDS:
            maker = Maker((seed, "suite", "test"), variation, donors, [{}, {}, {}])
            scene = maker.scene(shape, 0)
            ways = {name: sorted({ANY, *factor.directions}) for name, factor in FACTORS.items()}
            for kind, directions in (ways | {COMBINED: [ANY]}).items():
                for direction, severity in product(directions, SEVERITIES):
                    view = maker.view(kind, severity, direction, "0123456789abcdef", scene)
                    size = "x".join(map(str, shape))
                    name = f"{kind} {direction} {size} severity {severity} seed {seed}"
                    found[name] = view.apply(images[0], border)
    return found


def golden_file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(GOLDEN.read_text())
    return content


def digest(picture: np.ndarray) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()[:16]


def means(picture: np.ndarray) -> list[int]:
    """Those of its parts, of all channels."""
    height, width, channels = picture.shape
    parts = picture.reshape(PARTS, height // PARTS, PARTS, width // PARTS, channels)
    return np.rint(parts.mean(axis=(1, 3, 4))).astype(int).ravel().tolist()


def test_every_factor_gives_the_bytes_that_it_always_gave() -> None:
    golden = golden_file()
    if golden["machine"] != machine():
        pytest.skip(f"golden.json is of {golden['machine']}, this machine is {machine()}")
    assert {name: digest(picture) for name, picture in seen().items()} == golden["hashes"]


def test_every_factor_gives_the_picture_that_it_always_gave_on_any_machine() -> None:
    golden = {name: bytes.fromhex(each) for name, each in golden_file()["means"].items()}
    assert seen().keys() == golden.keys()
    for name, picture in seen().items():
        difference = np.array(means(picture)) - list(golden[name])
        assert np.abs(difference).max() <= ROUNDING, name


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_severities_or_factors_are_the_same_picture(seed: int) -> None:
    found = {
        name: digest(picture)
        for name, picture in seen().items()
        if name.endswith(f"seed {seed}") and f" {ANY} " in name
    }
    assert len(found) == len(SHAPES) * (len(FACTORS) + 1) * len(SEVERITIES)
    assert len(set(found.values())) == len(found)


if __name__ == "__main__":
    hashes = {name: digest(picture) for name, picture in seen().items()}
    coarse = {name: bytes(means(picture)).hex() for name, picture in seen().items()}
    text = json.dumps({"machine": machine(), "hashes": hashes, "means": coarse}, indent=1)
    GOLDEN.write_text(text + "\n")
