"""The MLflow model: complete, pinned, and without pickles."""

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import mlflow
import pytest
from tracked_project import CARD, Project

from constancy.data.images import read_image
from constancy.registry.package import input_example, pinned_requirements
from constancy.registry.store import connect, sqlite_file
from constancy.settings.data import Image

PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".cloudpickle", ".pyc", ".npy"}


def logged_model(project: Project) -> Path:
    """The folder of the only logged model."""
    store = sqlite_file(connect(project.settings.tracking).tracking_uri)
    assert store is not None
    (card,) = store.parent.glob("mlartifacts/models/*/artifacts/MLmodel")
    return card.parent


def test_no_file_of_a_logged_model_is_a_pickle(project: Project) -> None:
    project.register()
    folder = logged_model(project)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} & PICKLES == set()
    for file in files:
        start = file.read_bytes()[:4]
        assert not start.startswith((b"\x80", b"PK"))  # a pickle; a zip file, as torch.save makes
    assert "python_model" not in (folder / "MLmodel").read_text()
    assert len(list(folder.rglob("model.safetensors"))) == 1
    assert (folder / "code" / "constancy" / "serving" / "predictor.py").exists()


def test_logging_leaves_nothing_on_the_path_for_imports(project: Project) -> None:
    before = sys.path.copy()
    project.register()
    assert sys.path == before


def test_logging_says_nothing(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    project.register()
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.startswith("warning: the tracking store knows no run that trained this model")
    assert errors.count("\n") == 1


def test_requirements_are_pinned_to_what_is_installed(project: Project) -> None:
    requirements = dict(each.split("==") for each in pinned_requirements(CARD))
    assert requirements["mlflow"] == version("mlflow")
    assert requirements["torch"] == version("torch").split("+")[0]
    assert not set(requirements) & {"scikit-learn", "pytorch-lightning", "albumentations", "dvc"}
    project.register()
    logged = (logged_model(project) / "requirements.txt").read_text()
    assert logged.splitlines() == pinned_requirements(CARD)


@pytest.mark.parametrize(
    ("name", "structure", "libraries"),
    [
        ("resnet", {"stem": 4, "widths": [6], "depths": [1], "dropout": 0.0}, set()),
        ("torchvision:squeezenet1_1", {}, {"torchvision"}),
        ("timm:test_resnet", {}, {"timm", "torchvision"}),
    ],
)
def test_a_model_brings_the_library_that_its_network_comes_from(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    structure: dict,
    libraries: set[str],
) -> None:
    image = CARD.image | {"size": 32}
    card = replace(CARD, name=name, structure=structure, image=image)
    project.register(card=card)
    folder = logged_model(project)
    required = {
        line.partition("==")[0] for line in (folder / "requirements.txt").read_text().split()
    }
    assert required & {"torchvision", "timm"} == libraries
    monkeypatch.setattr(sys, "path", sys.path.copy())  # MLflow adds the model's code
    model = mlflow.pyfunc.load_model(str(folder))
    answers = model.predict(input_example(card))
    assert set(answers["label"]) <= set(CARD.classes)


@pytest.mark.parametrize("color", ["grey", "rgb"])
def test_the_example_is_images_as_the_model_sees_them(color: str) -> None:
    card = CARD.__class__(**vars(CARD) | {"image": {"size": 8, "color": color, "fit": "pad"}})
    image = Image.model_validate(card.image)
    right, down = (read_image(each, image) for each in input_example(card)["image"])
    assert right.shape == image.shape
    assert (right[:, 0] == 0).all()
    assert (right[:, -1] == 255).all()
    assert (down == right.swapaxes(0, 1)).all()
