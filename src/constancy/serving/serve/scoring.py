"""MLflow's scoring server on a model in a folder."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp

from constancy.models.disk import load_card, weights_digest
from constancy.registry.package import MODEL_CODE, input_example, pinned_requirements, signature
from constancy.registry.store import quiet_mlflow
from constancy.registry.tracking import WEIGHTS_TAG


def scoring_app(folder: Path) -> ASGIApp:
    """The application that `mlflow models serve` runs, on the model in `folder`, ready to answer.

    Weights and card are the folder's, the code is that of this process: what a registry keeps as a
    model's code is not run. Raises UserError for a folder that holds no model.
    """
    quiet_mlflow()
    import mlflow
    from mlflow.pyfunc import scoring_server

    card = load_card(folder)
    with TemporaryDirectory(prefix="constancy-") as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an example would be tried first, in a second
        place = Path(name) / "model"
        mlflow.pyfunc.save_model(
            place,
            python_model=str(MODEL_CODE),
            artifacts={"model": str(folder)},
            model_config={WEIGHTS_TAG: weights_digest(folder)},
            pip_requirements=pinned_requirements(card),
            signature=signature(),
        )
        model = mlflow.pyfunc.load_model(str(place))
    model.predict(input_example(card))  # the first answer takes longest
    return scoring_server.init(model)
