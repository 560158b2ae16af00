"""A trained model as an MLflow model: safetensors, YAML and this package's code. No pickles."""

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constancy.code import PACKAGE, own_files
from constancy.models.disk import ModelCard, load_card, weights_digest
from constancy.registry.store import as_default
from constancy.registry.tracking import WEIGHTS_TAG

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

MODEL_CODE = PACKAGE / "serving" / "pyfunc.py"
IMAGE_COLUMN = "image"

REQUIREMENTS = (
    "mlflow",
    "numpy",
    "pandas",
    "pillow",
    "pydantic",
    "ruamel.yaml",
    "safetensors",
    "torch",
)
"""What `serving/pyfunc.py` imports, directly or by this package; the rest of the lock trains."""

LIBRARIES = {"torchvision": ("torchvision",), "timm": ("timm", "torchvision")}
"""What a network of a library, LIBRARY:NAME, needs besides."""


def log_model(client: "MlflowClient", run_id: str, folder: Path) -> str:
    """Log the model in `folder` to a run, as a model that loads without this repository.

    Returns MLflow's id of the logged model; its address is `models:/ID`.
    """
    import mlflow

    card = load_card(folder)
    with (
        TemporaryDirectory() as code,
        _import_path_kept(),
        as_default(client),
        mlflow.start_run(run_id=run_id),
    ):
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(MODEL_CODE),
            artifacts={"model": str(folder)},
            model_config={WEIGHTS_TAG: weights_digest(folder)},
            code_paths=[str(_copy_code(Path(code)))],
            pip_requirements=pinned_requirements(card),
            signature=signature(),
            input_example=input_example(card),
        )
    return str(info.model_id)


@contextmanager
def _import_path_kept() -> Iterator[None]:
    """Within the block, what is put on the path for imports stays on it no longer.

    MLflow tries a model when it logs it, and leaves the model's code there, first of all: processes
    that are started later would find that part of this package, and not the whole.
    """
    before = sys.path.copy()
    try:
        yield
    finally:
        sys.path[:] = before


def serving_code() -> list[Path]:
    """The files of this package that a model at work runs; the others are of no concern to it."""
    return own_files(MODEL_CODE)


def pinned_requirements(card: ModelCard) -> list[str]:
    """Requirements at the installed versions, without the local part that names a build."""
    names = (*REQUIREMENTS, *LIBRARIES.get(card.name.partition(":")[0], ()))
    return [f"{name}=={version(name).partition('+')[0]}" for name in names]


def signature() -> "ModelSignature":
    """What the model takes and gives: see `serving/pyfunc.py`.

    A map of labels says what each probability belongs to; a bare array would need the class order
    beside it, and a column for each class would change the signature with the data.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Map

    return ModelSignature(
        inputs=Schema([ColSpec(DataType.binary, IMAGE_COLUMN)]),
        outputs=Schema(
            [
                ColSpec(DataType.string, "label"),
                ColSpec(DataType.double, "probability"),
                ColSpec(Map(DataType.double), "probabilities"),
            ]
        ),
    )


def input_example(card: ModelCard) -> "pd.DataFrame":
    """Two PNG images of the size and color that the model sees: a ramp to the right, and down."""
    import numpy as np
    import pandas as pd

    size: Any = card.image["size"]
    ramp = np.tile(np.linspace(0, 255, size).astype(np.uint8), (size, 1))
    color = card.image["color"] == "rgb"
    return pd.DataFrame({IMAGE_COLUMN: [_png(ramp, color), _png(ramp.T, color)]})


def _copy_code(folder: Path) -> Path:
    """The serving code, laid out as in this package, below `folder`."""
    for file in serving_code():
        target = folder / PACKAGE.name / file.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return folder / PACKAGE.name


def _png(pixels: Any, color: bool) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels)
    file = io.BytesIO()
    (picture.convert("RGB") if color else picture).save(file, "PNG")
    return file.getvalue()
