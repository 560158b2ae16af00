"""The model as MLflow runs it: MLflow copies this file into the model and executes it to load.

Takes a table whose column `image` holds one image a row: the bytes of a PNG, JPEG, WebP, BMP, GIF,
TIFF or PPM file, the same in Base64 (as JSON must carry them), or uint8 pixels as `Predictor`
takes them. Gives a table with a row for each: `label`, `probability`, and `probabilities`, a map
from every label to its probability.

A scoring server takes {"dataframe_records": [{"image": "iVBORw0KGgo..."}]}, or `dataframe_split`;
under `inputs` and `instances` MLflow leaves Base64 as it is, as bytes that are no image.
"""

import base64
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from constancy.data.images import UnreadableImageError
from constancy.models.disk import weights_digest
from constancy.serving.predictor import Prediction, Predictor


class ImageClassifier(PythonModel):
    """Constancy's predictor in MLflow's terms."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network from the model's files.

        Raises MlflowException where its weights are not the ones that were registered.
        """
        folder = Path(context.artifacts["model"])
        if weights_digest(folder) != (context.model_config or {}).get("weights_sha256"):
            raise MlflowException(
                f"the weights in {folder} are not the ones that were registered: somebody changed or "
                "damaged them"
            )
        self._predictor = Predictor(folder)

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:  # type: ignore[override]
        """Classify a table as above.

        Raises MlflowException (INVALID_PARAMETER_VALUE, which a scoring server answers with 400)
        for images that cannot be read.
        """
        try:
            images = [_decode(image, at) for at, image in enumerate(model_input["image"], 1)]
            predictions = self._predictor.predict(images)
        except UnreadableImageError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        columns = [field.name for field in fields(Prediction)]
        return pd.DataFrame([asdict(each) for each in predictions], columns=columns)


def _decode(image: Any, number: int) -> bytes | np.ndarray:
    if isinstance(image, str):
        try:
            return base64.b64decode("".join(image.split()), validate=True)
        except ValueError:
            raise UnreadableImageError(f"image {number} is text, but not Base64") from None
    if isinstance(image, np.ndarray | bytes):
        return image
    raise UnreadableImageError(
        f"image {number} must be bytes, Base64 or a uint8 array, not {type(image).__name__}"
    )


set_model(ImageClassifier())
