"""The model that answers requests: the one that an alias names, and soon the next one."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from constancy.registry.fetch import fetch_model
from constancy.registry.store import answering
from constancy.serving.load import find_model, find_registered
from constancy.serving.serve.scoring import scoring_app
from constancy.settings.tracking import Tracking
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

POLL_SECONDS = 2.0
"""How often the registry is asked whether the alias has moved."""


@dataclass(frozen=True)
class Serving:
    """A model at work. name: what answers are marked with, as `constancy/3`; app: answers requests."""

    name: str
    app: ASGIApp


class Switch:
    """What `reference` names, loaded, and what its alias names later.

    A request that has begun keeps its model. Where the next one cannot be loaded, or the registry
    does not answer, the present one goes on, and a warning says so once.

    Raises UserError as `find_model` does.
    """

    def __init__(self, reference: str, tracking: Tracking | None) -> None:
        self._reference, self._tracking = reference, tracking
        self._problem = ""
        if tracking is None:
            folder = find_model(reference, None)
            self.current = Serving(folder.resolve().name, scoring_app(folder))
        else:
            self.current = _loaded(*find_registered(reference, tracking))

    async def follow(self) -> None:
        """Look for another model, again and again; returns at once where there can be none."""
        while self._tracking and not self._reference.isdecimal():
            await asyncio.sleep(POLL_SECONDS)
            await asyncio.to_thread(self._look, self._tracking)

    def _look(self, tracking: Tracking) -> None:
        problem = ""
        try:
            client, version = find_registered(self._reference, tracking)
            if _name(version) != self.current.name:
                self.current = _loaded(client, version)
                print(f"{self.current.name} answers from now on", flush=True)
        except Exception as error:  # whatever it is, requests are answered
            problem = f"{self.current.name} goes on: {error}"
        if problem and problem != self._problem:
            warn(problem)
        self._problem = problem


def _loaded(client: "MlflowClient", version: "ModelVersion") -> Serving:
    with answering(client):
        return Serving(_name(version), scoring_app(fetch_model(client, version)))


def _name(version: "ModelVersion") -> str:
    return f"{version.name}/{version.version}"
