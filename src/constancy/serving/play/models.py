"""The model that is played with, what it was proven for, and the one to show beside it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constancy.errors import UserError
from constancy.files import read_json
from constancy.paths import CANDIDATE, METRICS, RUN
from constancy.registry.fetch import fetch_model
from constancy.registry.reference import kept_file
from constancy.registry.store import answering, connect_existing
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.registry.versions import CHALLENGER, CHAMPION, model_tags, run_of, version_of
from constancy.serving.load import find_model, find_registered
from constancy.serving.play.proven import Proven, proven_ranges
from constancy.serving.play.seen import Onlooker
from constancy.serving.predictor import Predictor
from constancy.settings import Settings
from constancy.settings.flat import flat

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Models:
    """See `playground.Playground`."""

    model: Onlooker
    proven: Proven
    beside: Onlooker | None
    why_alone: str


@dataclass(frozen=True)
class Judged:
    """How a model was judged: the contents of its metrics.json, and the flat settings by then."""

    metrics: dict[str, Any] | None
    settings: dict[str, str]


_UNJUDGED = Judged(None, {})


def open_models(reference: str, settings: Settings) -> Models:
    """The model that `serving.load.find_model` finds, and the challenger or the champion beside it.

    Raises UserError as that does.
    """
    tracking, beside, why_alone = settings.tracking, None, "There is no challenger."
    if Path(reference).is_dir():
        folder = find_model(reference, None)
        title, name, judged = reference, "this model", _judged_here(folder)
        try:
            client = connect_existing(tracking)
        except UserError as error:  # the folder can be played with all the same
            client, why_alone = None, f"No other model: {error}."
    else:
        client, version = find_registered(reference, tracking)
        with answering(client):
            folder = fetch_model(client, version)
            number = f"version {version.version}"
            numbered = reference.isdecimal()
            title = number.capitalize() if numbered else f"{reference.capitalize()}, {number}"
            name, judged = number if numbered else f"the {reference}", _judged(client, version)
    if client is not None:
        with answering(client):
            beside, why_alone = _beside(client, folder, tracking.model)
    floors, variation = settings.promotion.floors(), settings.variation
    proven = proven_ranges(
        *(name, judged.metrics, judged.settings, variation.strengths, floors),
        variation.combine.most,
    )
    return Models(Onlooker(title, Predictor(folder)), proven, beside, why_alone)


def _beside(client: "MlflowClient", folder: Path, model: str) -> tuple[Onlooker | None, str]:
    """The challenger, or else the champion, if it is another model; or why there is none."""
    own = model_tags(folder)
    for alias in (CHALLENGER, CHAMPION):
        version = version_of(client, model, alias)
        if version is None or version.tags.get(WEIGHTS_TAG) == own[WEIGHTS_TAG]:
            continue
        title = f"{alias.capitalize()}, version {version.version}"
        if version.tags.get("task_sha256") != own["task_sha256"]:
            return None, f"{title}, tells other classes apart, or from images of another form."
        try:
            return Onlooker(title, Predictor(fetch_model(client, version))), ""
        except UserError as error:
            return None, f"{title}, cannot be shown: {error}."
    return None, "There is no challenger."


def _judged(client: "MlflowClient", version: "ModelVersion") -> Judged:
    """By the run that trained it."""
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory() as scratch, suppress(MlflowException):  # somebody deleted the run
        run = client.get_run(run_of(version))
        if file := kept_file(client, run.info.run_id, METRICS.name, Path(scratch)):
            return Judged(read_json(file), run.data.params)
    return _UNJUDGED


def _judged_here(folder: Path) -> Judged:
    """By the project that the folder is the candidate of."""
    project = folder.resolve()
    for _ in CANDIDATE.parts:
        project = project.parent
    with suppress(FileNotFoundError):
        if (project / CANDIDATE).samefile(folder):
            return Judged(
                read_json(project / METRICS), dict(flat(read_json(project / RUN)["settings"]))
            )
    return _UNJUDGED
