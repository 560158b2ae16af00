"""params.yaml is checked whole, and a mistake is told with its key and what to do."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nobody import as_nobody, open_folder
from pydantic import BaseModel

from constancy.errors import UserError
from constancy.settings import Settings, check_settings, load_settings
from constancy.settings.base import FACTORS
from constancy.settings.flat import flat

PROJECT = Path(__file__).resolve().parents[1]


def set_key(params: dict, key: str, value: Any) -> dict:
    *parents, last = key.split(".")
    section = params
    for parent in parents:
        section = section[parent]
    section[last] = value
    return params


def test_the_committed_params_are_valid() -> None:
    assert load_settings(PROJECT / "params.yaml").data.source == "digits"


def test_the_committed_params_hold_every_key() -> None:
    """A reader of params.yaml sees every knob; none hides as a default in the code."""

    def keys(section: type[BaseModel], prefix: str = "") -> set[str]:
        found = set()
        for name, field in section.model_fields.items():
            key = f"{prefix}{field.alias or name}"
            kind = field.annotation
            nested = isinstance(kind, type) and issubclass(kind, BaseModel)
            found |= keys(kind, f"{key}.") if nested else {key}
        return found

    def given_keys(values: dict, prefix: str = "") -> set[str]:
        found = set()
        for name, value in values.items():
            nested = isinstance(value, dict) and value
            found |= given_keys(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}"}
        return found

    from ruamel.yaml import YAML

    values = YAML(typ="safe").load((PROJECT / "params.yaml").read_text())
    mix = {key for key in keys(Settings) if key.startswith("train.mix.")}
    known = keys(Settings) - mix | {"train.mix"}  # adaptive, or weights
    assert known == given_keys(values)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("trian", {}, "unknown key 'trian': did you mean 'train'?"),
        ("train.epoch", 3, "unknown key 'train.epoch': did you mean 'epochs'?"),
        (
            "train.mix",
            {"oclusion": 1},
            "unknown key 'train.mix.oclusion': did you mean 'occlusion'?",
        ),
        ("variation.copies.blur", 1, "unknown key 'variation.copies.blur': known: clutter"),
        ("variation.strengths.viewpont", {}, "did you mean 'viewpoint'?"),
        ("promotion.checks.intra_class", 0.5, "did you mean 'intra-class'?"),
        ("variation.copies.scale", -1, "variation.copies.scale: should be greater than or equal"),
        (
            "variation.strengths.occlusion.area",
            [-0.1, 0.1, 0.2, 0.3, 0.4],
            "variation.strengths.occlusion.area, value 1: should be greater than 0, not -0.1",
        ),
        (
            "variation.strengths.occlusion.area",
            [0.1, 0.2],
            "variation.strengths.occlusion.area: must have 5 values, one for each severity",
        ),
        (
            "variation.strengths.scale.smaller",
            [0.5, 0.6, 0.7, 0.8, 0.9],
            "variation.strengths.scale.smaller: must move away from 1 with every severity",
        ),
        ("data.source", "directory:x", "data.source: 'directory:x' is no source: use digits"),
        ("data.source", "folder:", "is no source"),
        ("data.sha256", "0" * 64, "data: sha256 is checked for archives and manifests only"),
        ("data.sha256", "abc", "data.sha256"),
        ("data.split.fold", 3, "data.split: fold is 3 but folds is null: set folds"),
        ("data.split.test", 0.9, "data.split: validation and test together must leave a share"),
        ("data.image.size", 4, "data.image.size: should be greater than or equal to 8, not 4"),
        ("train.devices", 0, "train.devices: must be auto or an integer of at least 1, not 0"),
        (
            "suites.validation",
            "all",
            "suites.validation: must be auto or an integer of at least 1, not 'all'",
        ),
        (
            "train.devices",
            True,
            "train.devices: must be auto or an integer of at least 1, not True",
        ),
        ("train.batch_size", 2, "train.batch_size: should be greater than or equal to 3, not 2"),
        ("train.shift", 32, "train.shift must be smaller than data.image.size, 32, not 32"),
        ("seed", True, "seed: should be a valid integer, not True"),
        ("train.epochs", "50", "train.epochs: should be a valid integer, not '50'"),
        ("train.batch_size", 64.0, "train.batch_size: should be a valid integer, not 64.0"),
        ("train.flip", "off", "train.flip: should be a valid boolean, not 'off'"),
        ("train.rate", True, "train.rate: should be a valid number, not True"),
        ("train.rate", "fast", "train.rate"),
        (
            "train.mix",
            {"untouched": 1e308},
            "train.mix.untouched: should be less than or equal to 1000000",
        ),
        ("train.mix", {}, "train.mix: at least one weight must be greater than 0"),
        ("variation.combine.least", 4, "variation.combine: least must not be greater than most"),
        ("variation.limits", {"6": {"viewpint": 3}}, "'variation.limits.6.viewpint': did you mean"),
        ("variation.limits", {6: {"viewpoint": 3}}, "variation.limits: 6 must be a text: put it"),
        ("variation.limits", {"6": {"viewpoint": 7}}, "variation.limits.6.viewpoint: should be"),
        ("variation.albumentations", [{"p": 1}], "variation.albumentations: {'p': 1} has no name"),
        ("variation.severities.least", 5.0, "variation.severities.least"),
        ("train.mix", None, "train.mix: None is neither `adaptive` nor weights such as"),
        ("model.weights", "", "model.weights: "),
        ("train.mix", "adaptve", "train.mix: 'adaptve' is neither `adaptive` nor weights"),
        ("train.mix", {"adaptive": True, "scale": 1.0}, "train.mix: write either weights or"),
        (
            "model.name",
            "transformer",
            "model.name: 'transformer' is no network: use auto, cnn, mlp",
        ),
        ("model.name", "torchvision:", "model.name: 'torchvision:' is no network"),
        ("model.resnet.widths", [8], "model.resnet: depths must have a value for each of the 1"),
        ("model.resnet.depth", [1], "unknown key 'model.resnet.depth': did you mean 'depths'?"),
        ("model.body_rate", 0, "model.body_rate: should be greater than 0, not 0"),
        ("model.weights_sha256", "0" * 64, "model: weights_sha256 is set but weights is null"),
        ("model.cnn.filters", [], "model.cnn.filters"),
        ("tracking.model", "a/b", "tracking.model"),
        ("seed", -1, "seed: should be greater than or equal to 0, not -1"),
        ("seed", 1.5, "seed"),
    ],
)
def test_a_mistake_is_told_with_its_key(params: dict, key: str, value: Any, message: str) -> None:
    with pytest.raises(UserError) as told:
        check_settings(set_key(params, key, value))
    assert message in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("section", list(Settings.model_fields))
def test_a_missing_section_is_named(params: dict, section: str) -> None:
    del params[section]
    with pytest.raises(UserError, match=f"key '{section}' is missing: add it"):
        check_settings(params)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping of sections"),
        ("- 1\n", "must be a mapping of sections"),
        ("seed: [1\n", "cannot be read as YAML"),
        ("seed: 1\nseed: 2\n", "cannot be read as YAML"),
        ("seed: !!python/object/apply:os.system ['true']\n", "cannot be read as YAML"),
        ("seed: '\x01'\n", "cannot be read as YAML: unacceptable character #x0001"),
        ("seed: !!int abc\n", "cannot be read as YAML: invalid literal for int"),
        ("seed: !!bool maybe\n", "cannot be read as YAML"),
        ("seed: 2024-13-45\n", "cannot be read as YAML: month must be in 1..12"),
        (f"seed: {'[' * 5000}\n", "cannot be read as YAML: it is nested too deeply"),
    ],
)
def test_a_file_that_is_no_params_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as told:
        load_settings(path)
    assert "\n" not in str(told.value)


def test_a_folder_is_no_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").mkdir()
    with pytest.raises(UserError, match=r"params\.yaml cannot be read \(Is a directory\)"):
        load_settings(tmp_path / "params.yaml")


def test_a_file_without_permission_says_so() -> None:
    def load() -> None:
        with pytest.raises(UserError, match=r"params\.yaml cannot be read \(Permission denied\)"):
            load_settings(folder / "params.yaml")

    with open_folder() as folder:
        (folder / "params.yaml").touch(mode=0)
        assert as_nobody(load) == 0


def test_each_device_gets_images_enough_for_batch_norm(params: dict) -> None:
    params["train"] |= {"devices": 2, "batch_size": 4}
    with pytest.raises(UserError, match="train: batch_size must be at least 5 for 2 devices"):
        check_settings(params)


def test_integers_stand_for_floats(params: dict) -> None:
    params["train"]["rate"] = 1
    assert check_settings(params).train.rate == 1


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing: run this in the project's folder"):
        load_settings(tmp_path / "params.yaml")


def test_a_number_with_an_exponent_is_a_number(tmp_path: Path) -> None:
    text = (PROJECT / "params.yaml").read_text().replace("rate: 0.004", "rate: 4e-3")
    (tmp_path / "params.yaml").write_text(text)
    assert load_settings(tmp_path / "params.yaml").train.rate == 0.004


@given(
    values=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*Settings.model_fields, "x", *FACTORS]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_no_value_ends_in_anything_but_a_clear_sentence(values: Any) -> None:
    with pytest.raises(UserError) as told:
        check_settings(values)
    assert str(told.value).startswith("params.yaml")


def test_a_mix_of_copies_that_are_not_made_is_told(params: dict) -> None:
    none = dict.fromkeys(params["variation"]["copies"], 0)
    with pytest.raises(UserError, match=r"train.mix is adaptive but variation.copies makes no"):
        check_settings(set_key(params, "variation.copies", none))
    set_key(params, "train.mix", {"untouched": 1, "scale": 1})
    check_settings(set_key(params, "variation.copies", none | {"scale": 1}))
    with pytest.raises(UserError, match=r"train.mix.scale is above 0 but variation.copies.scale"):
        check_settings(set_key(params, "variation.copies", none | {"clutter": 1}))


@pytest.mark.parametrize(
    ("size", "images", "name"), [(32, 4999, "cnn"), (32, 5000, "resnet"), (33, 10, "resnet")]
)
def test_auto_is_a_network_that_suits_the_images(
    params: dict, size: int, images: int, name: str
) -> None:
    model = check_settings(params).model
    assert model.name == "auto"
    assert model.choose(size, images) == name
    assert check_settings(set_key(params, "model.name", "mlp")).model.choose(size, images) == "mlp"


def test_flat_settings_have_dotted_keys_and_texts() -> None:
    values = {
        "train": {"epochs": 50, "mix": {"scale": 1.5}},
        "name": "cnn",
        "none": None,
        "empty": {},
    }
    assert list(flat(values)) == [
        ("train.epochs", "50"),
        ("train.mix.scale", "1.5"),
        ("name", "cnn"),
        ("none", "null"),
    ]


@pytest.mark.parametrize(
    ("train", "validation"), [(3, 50), (1_241, 50), (50_909, 509), (10**6, 1000)]
)
def test_more_training_images_are_tested_on_more(params: dict, train: int, validation: int) -> None:
    suites = check_settings(params).suites
    assert suites.counts(train) == {"test": 1000, "validation": validation}
    params["suites"] = {"test": 7, "validation": 9}
    assert check_settings(params).suites.counts(train) == {"test": 7, "validation": 9}
