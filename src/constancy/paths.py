"""Where the stages leave what they make, relative to the project: one name for each file."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from constancy.errors import UserError

PARAMS = Path("params.yaml")

RAW = Path("data/raw")
PREPARED = Path("data/prepared")
AUGMENTED = Path("data/augmented")
SUITES = Path("data/suites")
CANDIDATE = Path("models/candidate")

REPORTS = Path("reports")
FETCH = REPORTS / "fetch.json"
DATA = REPORTS / "data.json"
DATA_PAGE = REPORTS / "data.html"
HISTORY = REPORTS / "history.csv"
RUN = REPORTS / "run.json"
METRICS = REPORTS / "metrics.json"
PREDICTIONS = REPORTS / "predictions.npz"
EVALUATION = REPORTS / "evaluation.html"  # the report, but for the verdict
REPORT = REPORTS / "report.html"
PLOTS = REPORTS / "plots"
DECISION = REPORTS / "decision.json"
SHEETS = REPORTS / "factors"
CALIBRATION = REPORTS / "calibration.json"
CALIBRATION_PICTURE = REPORTS / "calibration.png"
WHY_CONVOLUTION = REPORTS / "why-convolution.json"
WHY_CONVOLUTION_PAGE = REPORTS / "why-convolution.html"

STATE = Path(".constancy")
"""What belongs to this machine alone: checkpoints to resume from, locks, logs."""

_scratch: ContextVar[Path | None] = ContextVar("scratch", default=None)


def project_root() -> Path:
    """The user's project folder, also from inside one of DVC's temporary experiment folders.

    `dvc exp run --temp` runs the stages in a copy under `.dvc/tmp/exps`; what outlives a run (the
    tracking store, checkpoints) belongs in the project itself.
    """
    here = Path.cwd()
    for parent in (here, *here.parents):
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2]
    return here


def in_project(place: str) -> Path:
    """The path of what a user names: `~` is a home folder, and the rest is relative to the project.

    Raises UserError for the home of a user whom the machine does not know.
    """
    try:
        return project_root() / Path(place).expanduser()
    except RuntimeError:
        user = Path(place).parts[0]
        raise UserError(f"{place}: this machine knows no home folder {user}") from None


def scratch_folder() -> Path | None:
    """Where to write what would go into the project, inside `leaving_project_alone`; else None."""
    return _scratch.get()


def state_folder() -> Path:
    """The project's STATE, or the folder that stands in for it."""
    return scratch_folder() or project_root() / STATE


def training_folder() -> Path:
    """Where trainings keep their checkpoints, each in a folder named after the key of its inputs."""
    return state_folder() / "training"


@contextmanager
def leaving_project_alone(scratch: Path) -> Iterator[None]:
    """Inside, sources are read without a trace in the project: `scratch` stands in for its STATE."""
    token = _scratch.set(scratch)
    try:
        yield
    finally:
        _scratch.reset(token)
