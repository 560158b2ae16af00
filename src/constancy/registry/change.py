"""Changing the champion by hand: promoting a version that earned it or is forced, and going back."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constancy.errors import UserError
from constancy.evaluation.predictions import Predictions
from constancy.files import read_json
from constancy.paths import METRICS, PREDICTIONS
from constancy.registry.aliases import decide, finish
from constancy.registry.exclusive import alone
from constancy.registry.gate import Judgement
from constancy.registry.judging import Files, judge_beside
from constancy.registry.reference import find_version, kept_file
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.registry.versions import (
    CHAMPION,
    PREVIOUS,
    digests,
    number_of,
    run_of,
    version_of,
    versions_of,
)
from constancy.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def promote(
    client: "MlflowClient", settings: Settings, number: int, force: str | None, dry_run: bool
) -> str:
    """Make a version champion: where the gate lets it, or where it is forced for a reason.

    The gate judges by what the version answered when it was judged last; the champion is shown the
    same images, where it was not. force: the reason why the gate is not asked; dry_run: only say
    what would happen. Returns what happened, in a sentence.

    Raises UserError for a version that there is not or that no run of ours made, and where the gate
    does not let it.
    """
    model = settings.tracking.model
    if not dry_run:
        with alone(client, model):
            finish(client, model)
    while True:
        version = known_version(client, model, number)
        champion = number_of(client, model, CHAMPION)
        if champion == number:
            return f"{model} {number} is champion already."
        judgement = None if force else _judged(client, settings, version)
        if judgement and judgement.verdict != "promoted":
            raise UserError(
                f"{model} {number} cannot be promoted. {judgement.reason} `--force --reason TEXT` "
                "does it all the same, and keeps the reason"
            )
        reason = judgement.reason if judgement else f"Forced: {force}"
        if dry_run:
            return f"{model} {number} would become champion. {reason}"
        with alone(client, model):
            finish(client, model)
            if number_of(client, model, CHAMPION) != champion:
                continue  # another was quicker: the version is judged beside the new champion
            decide(
                client,
                model,
                kind="forced promotion" if force else "promotion",
                version=number,
                champion_before=champion,
                champion=number,
                reason=reason,
                **digests(client, version),
                details=asdict(judgement) if judgement else {},
            )
        return f"{model} {number} is champion. {reason}"


def roll_back(
    client: "MlflowClient", settings: Settings, to: int | None, reason: str, dry_run: bool
) -> str:
    """Make the champion before, or the version `to`, champion again; the gate is not asked.

    Returns what happened, in a sentence. Raises UserError where there is nothing to go back to.
    """
    model = settings.tracking.model
    with nullcontext() if dry_run else alone(client, model):
        if not dry_run:
            finish(client, model)
        champion = number_of(client, model, CHAMPION)
        target = to if to is not None else number_of(client, model, PREVIOUS)
        if target is None:
            raise UserError(
                f"no version of '{model}' was champion before: name one with `--to`; "
                "`constancy models` shows those that there are"
            )
        version = known_version(client, model, target)
        if target == champion:
            raise UserError(f"{model} {target} is champion already: name another with `--to`")
        from_ = f"from {champion} " if champion else ""
        if dry_run:
            return f"{model} would go {from_}back to {target}."
        decide(
            client,
            model,
            kind="rollback",
            version=target,
            champion_before=champion,
            champion=target,
            reason=reason,
            **digests(client, version),
            details={},
        )
    return f"{model} went {from_}back to {target}."


def known_version(client: "MlflowClient", model: str, number: int) -> "ModelVersion":
    """A version that `make run` registered. Raises UserError for another, or none."""
    version = find_version(client, model, str(number))
    if version is None:
        raise UserError(
            f"there is no version {number} of '{model}': `constancy models` shows those that "
            "there are"
        )
    if WEIGHTS_TAG not in version.tags:
        raise UserError(
            f"{model} {number} carries no tags of Constancy, so its files cannot be checked: only "
            "versions that `make run` registered can be champion"
        )
    return version


def versions(client: "MlflowClient", model: str) -> Iterator["ModelVersion"]:
    """All versions of a model with their aliases, the newest first."""
    for each in versions_of(client, model):
        yield client.get_model_version(model, each.version)  # a search leaves aliases out


def _judged(client: "MlflowClient", settings: Settings, version: "ModelVersion") -> Judgement:
    """What the gate says of a version."""
    scores, answers = _kept(client, version)
    champion, task = version_of(client, version.name, CHAMPION), version.tags.get("task_sha256", "")
    return judge_beside(client, settings, scores, answers, task, champion, Files())


def _kept(client: "MlflowClient", version: "ModelVersion") -> tuple[dict[str, Any], Predictions]:
    """The scores and answers that a version's run keeps."""
    from mlflow.exceptions import MlflowException

    name, run_id = f"{version.name} {version.version}", run_of(version)
    with TemporaryDirectory() as scratch:
        try:
            file = kept_file(client, run_id, PREDICTIONS.name, Path(scratch))
            metrics = read_json(client.download_artifacts(run_id, METRICS.name, scratch))
        except (MlflowException, OSError, json.JSONDecodeError) as error:
            raise UserError(
                f"the run of {name} has lost what it was judged by ({error}): "
                "`make run` at its commit judges it anew"
            ) from None
        if file is None:
            raise UserError(
                f"the run of {name} keeps no answers to compare: `make run` at its commit does"
            )
        return metrics, Predictions.load(file)
