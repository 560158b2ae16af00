"""Curves, intervals and proposals against cases made by hand, and the command as a whole."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from digits_project import digits_project
from hypothesis import given
from hypothesis import strategies as st
from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.calibration.curves import Curve
from constancy.calibration.outcome import Outcome
from constancy.calibration.picture import draw
from constancy.calibration.strengths import (
    even_severities,
    propose_strengths,
    translate_limit,
    verdict,
)
from constancy.calibration.text import describe
from constancy.files import read_json
from constancy.settings import load_settings
from constancy.settings.base import COMBINED, PIXEL_FACTORS
from constancy.settings.variation import Strengths, Variation
from constancy.variation.label_safety import Mapping


def curve(*percent: float, count: int = 1000) -> Curve:
    """Right on so many of the images at severities 0 to 5."""
    right = np.array(percent) / 100 * count
    return Curve(np.arange(count) < right.round()[:, None])


def curves(each: Curve) -> dict[str, Curve]:
    return dict.fromkeys((*PIXEL_FACTORS, COMBINED), each)


def test_intervals_are_those_of_wilson() -> None:
    low, high = curve(90, 50, 50, 50, 50, 0, count=100).interval(0)
    assert (low, high) == pytest.approx((0.8256, 0.9448), abs=1e-4)  # Newcombe 1998: 90 of 100
    assert curve(90, 50, 50, 50, 50, 0, count=100).interval(5)[0] == 0


def test_the_same_images_right_make_a_difference_that_is_sure() -> None:
    same = curve(90, 90, 80, 70, 60, 50)
    assert same.half_width(0, 1) < 0.003 < same.half_width(0, 5)
    rng = np.random.default_rng(0)
    mixed = Curve(rng.random((6, 1000)) < 0.9)
    assert mixed.half_width(0, 1) == pytest.approx(1.96 * np.sqrt(0.18 / 1000), rel=0.1)


def test_a_straight_curve_is_even_already() -> None:
    assert even_severities(curve(100, 90, 80, 70, 60, 50)) == pytest.approx([1, 2, 3, 4, 5])


def test_where_accuracy_falls_late_severities_begin_late() -> None:
    assert even_severities(curve(100, 100, 100, 100, 100, 50)) == pytest.approx(
        [4.2, 4.4, 4.6, 4.8, 5]
    )


def test_where_it_falls_at_once_they_begin_early() -> None:
    assert even_severities(curve(100, 50, 50, 50, 50, 50)) == pytest.approx([0.2, 0.4, 0.6, 0.8, 5])


@given(st.lists(st.integers(0, 100), min_size=6, max_size=6))
def test_proposed_strengths_can_be_used_whatever_was_measured(percent: list[int]) -> None:
    values = YAML(typ="safe").load(REPOSITORY / "params.yaml")["variation"]
    present = Strengths.model_validate(values["strengths"])
    own = curve(*percent)
    proposed = propose_strengths(present, dict.fromkeys(PIXEL_FACTORS, own))
    for factor in PIXEL_FACTORS:
        for key, steps in getattr(present, factor).model_dump().items():
            assert getattr(getattr(proposed, factor), key)[-1] == steps[-1]


def test_strengths_are_read_off_the_curve(strengths: Strengths) -> None:
    late = curve(100, 100, 100, 100, 100, 50)
    proposed = propose_strengths(strengths, {"occlusion": late, "scale": late})
    low, high = strengths.occlusion.area[3:]
    assert proposed.occlusion.area == pytest.approx(
        [low + (high - low) * s for s in (0.2, 0.4, 0.6, 0.8, 1)], abs=0.005
    )
    assert all(s < strengths.scale.smaller[3] for s in proposed.scale.smaller)
    assert proposed.viewpoint == strengths.viewpoint


def test_a_factor_that_costs_nothing_is_kept_and_named(strengths: Strengths) -> None:
    harmless = curve(99, 99, 99, 99, 98.5, 98)
    assert propose_strengths(strengths, {"deformation": harmless}) == strengths
    assert "hardly anything even at its strongest" in str(verdict(harmless))


def test_a_factor_that_kills_at_its_weakest_is_named() -> None:
    assert "kills at its weakest" in str(verdict(curve(99, 30, 20, 15, 12, 10)))
    assert verdict(curve(99, 95, 90, 80, 70, 60)) is None


def test_limits_follow_the_strengths_they_are_given_in(strengths: Strengths) -> None:
    late = curve(100, 100, 100, 100, 100, 50)
    proposed = propose_strengths(strengths, {"viewpoint": late})
    assert translate_limit(4, "viewpoint", strengths, strengths) == 4
    limit = translate_limit(4, "viewpoint", strengths, proposed)
    assert 0.5 < limit < 1  # weaker than the weakest of the new ones
    assert translate_limit(0, "viewpoint", strengths, proposed) == 0


def test_what_is_printed_can_be_pasted_into_params(variation: Variation, params: dict) -> None:
    names = ["6", "no", 'a "b": c', "ä"]
    mappings = [Mapping("viewpoint", name, "x", 5, [0.0, 0.0, 0.0, 0.0, 0.5]) for name in names]
    outcome = Outcome.of({}, curves(curve(100, 90, 80, 70, 60, 50)), mappings, variation)
    text = describe(outcome)
    pasted = YAML(typ="safe", pure=True).load(text[text.index("# Proposed") :])["variation"]
    again = Variation.model_validate(params["variation"] | pasted)
    assert again.strengths == outcome.proposed
    assert set(again.limits) == set(names)
    assert {each.viewpoint for each in again.limits.values()} == {4}
    assert 'viewpoint turns "6" into "x" from severity 5 of now on (50 % of its images)' in text


def test_limits_of_the_settings_stay_unless_lower_ones_are_proposed(params: dict) -> None:
    limits = {"6": {"viewpoint": 2.0, "scale": 3.0}, "9": {"viewpoint": 4.5}}
    variation = Variation.model_validate(params["variation"] | {"limits": limits})
    mappings = [
        Mapping("viewpoint", name, "x", 5, [0.0, 0.0, 0.0, 0.0, 0.5]) for name in ("6", "9")
    ]
    flat = curves(curve(100, 100, 100, 100, 100, 100))
    outcome = Outcome.of({}, flat, mappings, variation)
    assert outcome.limits == {"6": {"viewpoint": 2, "scale": 3}, "9": {"viewpoint": 4}}


def test_the_picture_has_a_panel_for_each_factor(variation: Variation) -> None:
    outcome = Outcome.of({}, curves(curve(100, 90, 80, 70, 60, 50)), [], variation)
    figure = draw(outcome.curves, outcome.even)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [*PIXEL_FACTORS, COMBINED]
    assert "clean" in [text.get_text() for text in figure.legends[0].get_texts()]


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "constancy.cli", "calibrate"],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY / "src")},  # this code, whatever is installed
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.mark.slow
def test_the_command_writes_a_report_and_a_picture_and_changes_nothing_else(tmp_path: Path) -> None:
    small = {"model__cnn__filters": [8, 16], "model__cnn__hidden": 16, "train__epochs": 2}
    digits_project(tmp_path, suites__validation=5, **small)
    before = contents(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    after = contents(tmp_path)
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"reports/calibration.json", "reports/calibration.png"}
    report = read_json(tmp_path / "reports" / "calibration.json")
    assert list(report["curves"]) == [*PIXEL_FACTORS, COMBINED]
    assert all(len(each["intervals"]) == 6 for each in report["curves"].values())
    assert report["reference"]["epochs"] == 2
    assert (tmp_path / "reports" / "calibration.png").read_bytes().startswith(b"\x89PNG")
    printed = done.stdout[done.stdout.index("# Proposed") : done.stdout.index("reports/")]
    settings = load_settings(tmp_path / "params.yaml")
    values = (
        settings.variation.model_dump() | YAML(typ="safe", pure=True).load(printed)["variation"]
    )
    proposed = Variation.model_validate(values)
    assert proposed.strengths.model_dump() == report["proposed"]["strengths"]


def test_without_prepared_images_the_command_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "constancy: data/prepared holds no prepared images to calibrate on: `make run` "
        "(or `dvc repro prepare`) makes them\n"
    )
    assert not (tmp_path / "reports").exists()
