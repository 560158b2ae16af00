"""Section `tracking`: where runs and models are kept."""

from typing import Annotated

from pydantic import StringConstraints

from constancy.settings.base import Section

Name = Annotated[str, StringConstraints(pattern=r"^[^/:\s][^/:]*$", max_length=200)]


class Tracking(Section):
    uri: str | None
    """None: the environment's MLFLOW_TRACKING_URI, else a SQLite file in the project."""
    experiment: Name
    model: Name
