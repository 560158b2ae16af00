"""Which models are shown, and what the one that is played with was proven for."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from play_project import OCCLUSION
from tracked_project import write_model

from constancy.errors import UserError
from constancy.paths import CANDIDATE, PREPARED
from constancy.registry.store import connect
from constancy.serving.play.bring import NotBroughtError, decode_drawing, read_upload
from constancy.serving.play.models import open_models
from constancy.serving.play.playground import SHOWN, Playground, open_playground
from constancy.settings import Settings, load_settings


@pytest.fixture
def settings(in_project: Path) -> Settings:
    return load_settings()


@pytest.fixture
def changed(in_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project as the current folder, to change; its runs' files lie in the first."""
    folder = tmp_path / "changed"
    shutil.copytree(in_project, folder)
    monkeypatch.chdir(folder)
    return folder


def test_the_challenger_stands_beside_the_champion(settings: Settings) -> None:
    models = open_models("champion", settings)
    assert models.model.title == "Champion, version 1"
    assert models.beside is not None
    assert models.beside.title == "Challenger, version 2"
    assert models.proven.name == "the champion"
    assert models.proven.ranges["occlusion"].accuracies == OCCLUSION
    assert models.proven.ranges["occlusion"].up_to == 4


@pytest.mark.parametrize(
    ("reference", "title", "name", "beside"),
    [
        ("challenger", "Challenger, version 2", "the challenger", "Champion, version 1"),
        ("2", "Version 2", "version 2", "Champion, version 1"),
        ("1", "Version 1", "version 1", "Challenger, version 2"),
        ("models/candidate", "models/candidate", "this model", "Challenger, version 2"),
    ],
)
def test_another_model_can_be_played_with(
    settings: Settings, reference: str, title: str, name: str, beside: str
) -> None:
    models = open_models(reference, settings)
    assert (models.model.title, models.proven.name) == (title, name)
    assert models.beside is not None
    assert models.beside.title == beside


def test_a_folder_is_proven_by_the_reports_of_its_own_project_alone(
    settings: Settings, tmp_path: Path
) -> None:
    assert open_models("models/candidate", settings).proven.ranges["occlusion"].up_to == 4
    copy = shutil.copytree(CANDIDATE, tmp_path / "elsewhere")
    assert open_models(str(copy), settings).proven.most is None


def test_without_a_challenger_the_champion_is_alone(changed: Path) -> None:
    settings = load_settings()
    client = connect(settings.tracking)
    client.delete_registered_model_alias(settings.tracking.model, "challenger")
    models = open_models("champion", settings)
    assert models.beside is None
    assert models.why_alone == "There is no challenger."


def test_a_challenger_of_another_task_is_not_shown(changed: Path, tmp_path: Path) -> None:
    models = open_models(str(write_model(tmp_path / "another")), load_settings())
    assert models.beside is None
    assert "tells other classes apart, or from images of another form" in models.why_alone


def test_a_folder_needs_no_registry(changed: Path) -> None:
    Path("mlflow.db").unlink()
    models = open_models("models/candidate", load_settings())
    assert models.why_alone == "There is no challenger."
    assert not Path("mlflow.db").exists()


def test_no_champion_is_said_as_everywhere(changed: Path) -> None:
    Path("mlflow.db").unlink()
    with pytest.raises(UserError, match="has no champion of 'constancy' yet"):
        open_models("champion", load_settings())


def test_test_images_of_all_classes_can_be_picked(playground: Playground) -> None:
    assert playground.stock is not None
    labels = playground.stock.labels
    rows = playground.choice(None)
    assert len(rows) == SHOWN
    assert set(labels[rows]) == set(range(10))
    assert set(labels[playground.choice(7)]) == {7}
    first = playground.first()
    assert first is not None
    assert first.label == 0


def test_before_anything_is_prepared_images_can_be_brought(changed: Path) -> None:
    shutil.rmtree(PREPARED)
    playground = open_playground("champion", load_settings())
    assert playground.stock is None
    assert playground.first() is None
    assert "has no test images yet" in playground.why_no_stock
    upload = changed / "mine.png"
    shutil.copyfile(Path(__file__).parents[3] / "docs/pictures/mug.png", upload)
    brought = read_upload(playground, upload)
    varied = playground.varier.vary(brought, {"clutter": 3.0}, 0)  # pieces of embedded digits
    assert varied.shape == brought.pixels.shape == (16, 16, 1)
    assert np.any(varied != brought.pixels)


def test_a_model_of_other_images_is_not_shown_those_of_the_project(
    in_project: Path, tmp_path: Path
) -> None:
    playground = open_playground(str(write_model(tmp_path / "small")), load_settings())
    assert playground.stock is None
    assert "of other classes or form" in playground.why_no_stock
    assert playground.varier.donors.images.shape[1:] == (8, 8, 1)


def test_what_is_no_image_is_refused_in_a_sentence(playground: Playground, tmp_path: Path) -> None:
    note = tmp_path / "note\n<b>.png"
    note.write_text("dear diary")
    with pytest.raises(NotBroughtError) as refused:
        read_upload(playground, note)
    assert str(refused.value) == (
        "note\\n<b>.png cannot be read as an image: not an image of a known format. "
        "The former picture stays."
    )
    with pytest.raises(NotBroughtError, match="did not arrive whole"):
        decode_drawing(playground, "data:image/png;base64,###")
    with pytest.raises(NotBroughtError, match="drawing cannot be read as an image"):
        decode_drawing(playground, "data:image/png;base64,AAAA")
