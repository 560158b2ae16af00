"""MLflow's scoring server on a model in a folder."""

import warnings
import weakref
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from constancy.models.disk import load_card, weights_digest
from constancy.registry.package import MODEL_CODE, input_example, pinned_requirements, signature
from constancy.registry.store import quiet_mlflow
from constancy.registry.tracking import WEIGHTS_TAG

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel


def scoring_app(folder: Path) -> ASGIApp:
    """The application that `mlflow models serve` runs, on the model in `folder`, ready to answer.

    Weights and card are the folder's, the code is that of this process: what a registry keeps as a
    model's code is not run. Raises UserError for a folder that holds no model.
    """
    quiet_mlflow()
    import mlflow

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
    return _Scoring(model)


class _Scoring:
    """MLflow's application on a model, which lives as long as this object."""

    def __init__(self, model: "PyFuncModel") -> None:
        from mlflow.pyfunc import scoring_server

        self._model = model
        self._app = scoring_server.init(_Weakly(model))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Weakly:
    """A model as MLflow's application needs it, not kept alive.

    FastAPI caches the functions of an application, and would keep each model that ever served.
    """

    def __init__(self, model: "PyFuncModel") -> None:
        self.metadata = model.metadata
        self._model = weakref.ref(model)

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        model = self._model()
        assert model is not None  # as whoever asks holds the application
        return model.predict(data, params=params)
