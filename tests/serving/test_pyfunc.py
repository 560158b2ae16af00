"""The MLflow model by itself: in this process, and in one that finds no other code of ours."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from tracked_project import Project, png, write_model

from constancy.registry.store import as_default, connect

TEN = [str(digit) for digit in range(10)]

ELSEWHERE = """
import sys
from pathlib import Path
# As on a machine without this repository: its package is not to be found.
sys.path = [path for path in sys.path if not (Path(path) / "constancy").exists()]
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
images = [file.read_bytes() for file in sorted(Path(sys.argv[2]).glob("*.png"))]
print(" ".join(model.predict(pandas.DataFrame({"image": images}))["label"]))
import constancy.serving.predictor
print(constancy.serving.predictor.__file__)
"""


@pytest.fixture(autouse=True)
def import_path_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow puts the model's code on it, where later tests would find a part of this package."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


@pytest.fixture
def model(champion: Project) -> Any:
    import mlflow

    with as_default(connect(champion.settings.tracking)):
        return mlflow.pyfunc.load_model("models:/constancy@champion")


def test_bytes_base64_and_pixels_are_all_images(model: Any, ten_digits: list[np.ndarray]) -> None:
    files = [png(image) for image in ten_digits]
    text = [base64.encodebytes(file).decode() for file in files]
    for images in (files, text, ten_digits, [files[0], *text[1:5], *ten_digits[5:]]):
        table = model.predict(pd.DataFrame({"image": images}))
        assert list(table.columns) == ["label", "probability", "probabilities"]
        assert list(table["label"]) == TEN
        assert list(table["probabilities"][0]) == TEN
        assert table["probability"].dtype == np.float64
    assert model.predict([{"image": files[3]}])["label"].tolist() == ["3"]


def test_no_rows_give_no_rows(model: Any) -> None:
    table = model.predict(pd.DataFrame({"image": pd.Series([], dtype=object)}))
    assert (list(table.columns), len(table)) == (["label", "probability", "probabilities"], 0)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (b"no image", "image 2 cannot be read"),
        ("no*base64", "image 2 is text, but not Base64"),
        (None, "image 2 must be bytes, Base64 or a uint8 array, not NoneType"),
        (3.5, "image 2 must be bytes, Base64 or a uint8 array, not float"),
    ],
)
def test_what_is_no_image_is_the_callers_mistake(
    model: Any, ten_digits: list[np.ndarray], image: Any, why: str
) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=why) as error:
        model.predict(pd.DataFrame({"image": pd.Series([ten_digits[0], image], dtype=object)}))
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_changed_weights_are_refused(champion: Project, tmp_path: Path) -> None:
    import mlflow

    (weights,) = Path("mlartifacts").rglob("artifacts/artifacts/*/model.safetensors")
    shutil.copyfile(write_model(tmp_path / "other", seed=9) / "model.safetensors", weights)
    with (
        as_default(connect(champion.settings.tracking)),
        pytest.raises(MlflowException, match="not the ones that were registered"),
    ):
        mlflow.pyfunc.load_model("models:/constancy@champion")


def test_the_model_brings_its_own_code(
    champion: Project, ten_digits: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for digit, image in enumerate(ten_digits):
        (elsewhere / f"{digit}.png").write_bytes(png(image))
    (card,) = Path.cwd().glob("mlartifacts/models/*/artifacts/MLmodel")
    command = [sys.executable, "-I", "-c", ELSEWHERE, str(card.parent), str(elsewhere)]
    process = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    labels, place = process.stdout.splitlines()
    assert labels.split() == TEN
    assert Path(place).is_relative_to(card.parent / "code")
