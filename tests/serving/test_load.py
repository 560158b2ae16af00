"""A model in a folder or in the registry, fetched and checked."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tracked_project import Project, write_model

import constancy
from constancy.errors import UserError
from constancy.models.disk import weights_digest
from constancy.registry.fetch import CACHE
from constancy.registry.store import connect
from constancy.serving.load import find_model, load_model
from constancy.serving.predictor import Predictor
from constancy.settings.tracking import Tracking


def load(tracking: Tracking, model: str = "champion") -> Predictor:
    return Predictor(find_model(model, tracking))


def registered(name: str) -> Path:
    """A file of the only registered model, where the store keeps it."""
    (file,) = Path("mlartifacts").rglob(f"artifacts/artifacts/*/{name}")
    return file


def test_the_champion_knows_the_digits(
    champion: Project, trained: Path, ten_digits: list[np.ndarray]
) -> None:
    predictor = load(champion.settings.tracking)
    assert [each.label for each in predictor.predict(ten_digits)] == predictor.classes
    cached = CACHE / weights_digest(trained)
    assert sorted(file.name for file in cached.iterdir()) == ["model.safetensors", "model.yaml"]


def test_a_fetched_champion_is_not_fetched_again(champion: Project) -> None:
    load(champion.settings.tracking)
    shutil.rmtree("mlartifacts")
    assert load(champion.settings.tracking).classes


def test_a_damaged_copy_is_fetched_anew(
    champion: Project, trained: Path, ten_digits: list[np.ndarray]
) -> None:
    load(champion.settings.tracking)
    cached = CACHE / weights_digest(trained)
    for name in ("model.safetensors", "model.yaml"):
        (cached / name).write_bytes(b"damaged")
        predictor = load(champion.settings.tracking)
        assert predictor.predict(ten_digits[:1])[0].label == "0"


def test_the_alias_decides_which_version_is_served(
    champion: Project, ten_digits: list[np.ndarray]
) -> None:
    assert champion.register(seed=5).alias == "champion"
    untrained = load(champion.settings.tracking).predict(ten_digits)
    connect(champion.settings.tracking).set_registered_model_alias("constancy", "champion", "1")
    trained = load(champion.settings.tracking).predict(ten_digits)
    assert [each.label for each in trained] != [each.label for each in untrained]


def test_without_a_champion_the_way_to_one_is_named(project: Project) -> None:
    for _ in range(2):
        with pytest.raises(UserError, match=r"no champion of 'constancy' yet: `make run`"):
            load(project.settings.tracking)
        Path("mlflow.db").unlink(missing_ok=True)
    assert not Path("mlflow.db").exists()


def test_a_model_without_a_name_is_none(project: Project) -> None:
    with pytest.raises(UserError, match="no model is named"):
        load_model("")
    for nothing in ("", " "):
        with pytest.raises(UserError, match="no model is named"):
            load(project.settings.tracking, nothing)


def test_changed_weights_are_refused(champion: Project, tmp_path: Path) -> None:
    shutil.copyfile(
        write_model(tmp_path / "other", seed=9) / "model.safetensors",
        registered("model.safetensors"),
    )
    with pytest.raises(UserError, match=r"constancy version 1 are not the ones .* registered"):
        load(champion.settings.tracking)
    assert not list(CACHE.glob("*/model.safetensors"))


def test_changed_labels_are_refused(champion: Project) -> None:
    card = registered("model.yaml")
    card.write_text(card.read_text().replace("'0'", "'9'"))
    with pytest.raises(UserError, match="not the ones that were registered"):
        load(champion.settings.tracking)


def test_lost_files_are_named(champion: Project) -> None:
    shutil.rmtree("mlartifacts")
    with pytest.raises(UserError, match="constancy version 1 cannot be fetched"):
        load(champion.settings.tracking)


@pytest.mark.parametrize("digest", ["", "../../../../elsewhere"])
def test_a_version_without_digests_is_refused(champion: Project, digest: str) -> None:
    client = connect(champion.settings.tracking)
    client.set_model_version_tag("constancy", "1", "weights_sha256", digest)
    with pytest.raises(UserError, match="carries no digests"):
        load(champion.settings.tracking)


def test_odd_names_and_another_current_folder_do_no_harm(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = project.with_tracking(model="Ann's @models, 2%", uri="sqlite:///stores/a 1%.db")
    odd.register()
    elsewhere = tmp_path / ".dvc" / "tmp" / "exps" / "tmpabc"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert load(odd.settings.tracking).classes
    assert list(elsewhere.iterdir()) == []


def test_where_every_version_was_refused_that_is_told(project: Project) -> None:
    project.with_checks(clean={"floor": 0.999}).register()
    with pytest.raises(UserError, match=r"version 1, the newest, is refused; .* lower the floors"):
        load(project.settings.tracking)


def test_versions_aliases_and_folders_are_found(
    champion: Project, trained: Path, tmp_path: Path, ten_digits: list[np.ndarray]
) -> None:
    tracking = champion.settings.tracking
    cached = CACHE / weights_digest(trained)
    for reference in ("champion", "1"):
        assert find_model(reference, tracking).resolve() == cached.resolve()
    other = tmp_path / "elsewhere"
    shutil.copytree(trained, other / "models/candidate")
    assert find_model(str(other), None) == other / "models/candidate"
    assert find_model(str(trained), tracking) == trained
    for reference in ("challenger", "7", "no/such/folder"):
        with pytest.raises(UserError, match=rf"'{reference}' is neither a folder, nor a version"):
            find_model(reference, tracking)
    with pytest.raises(UserError, match=r"holds no model: model\.yaml is missing"):
        find_model(str(tmp_path), tracking)


def test_the_package_loads_the_champion_of_the_project(
    champion: Project, trained: Path, ten_digits: list[np.ndarray]
) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(champion.values))
    assert constancy.load_model is load_model
    for model in (constancy.load_model(), constancy.load_model(str(trained))):
        assert [each.label for each in model.predict(ten_digits)] == model.classes
    with pytest.raises(AttributeError, match="no attribute 'load_modle'"):
        getattr(constancy, "load_modle")  # noqa: B009 -- the name is a mistake


def test_a_model_in_the_cache_is_found_where_nothing_can_be_written(
    champion: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = champion.settings.tracking
    folder = find_model("champion", tracking)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("it may only be read")

    monkeypatch.setattr("filelock.FileLock", denied)
    monkeypatch.setattr(Path, "mkdir", denied)
    assert find_model("champion", tracking) == folder
