"""A candidate before the gate: what is known of it, and what the champion answers beside it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy import paths
from constancy.evaluation.predictions import Predictions
from constancy.files import read_report
from constancy.registry.gate import Judgement, judge
from constancy.registry.history import gone, rolled_back
from constancy.registry.today import champion_today
from constancy.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Files:
    """Where a candidate lies, what evaluation found of it, and the test images of today."""

    model: Path = paths.CANDIDATE
    metrics: Path = paths.METRICS
    predictions: Path = paths.PREDICTIONS
    prepared: Path = paths.PREPARED
    suite: Path = paths.SUITES / "test"

    def scores(self) -> dict[str, Any]:
        """The contents of metrics.json. Raises UserError where it is missing or damaged."""
        scores: dict[str, Any] = read_report(self.metrics)
        return scores


def judge_candidate(
    client: "MlflowClient",
    settings: Settings,
    files: Files,
    task: str,
    champion: "ModelVersion | None",
    version: "ModelVersion | None",
) -> Judgement:
    """What the gate says of the candidate in `files`.

    task: its `task_sha256`; version: what it is in the registry already. The champion itself is
    judged by the floors alone. One that was rolled back is not promoted again by itself: whoever did
    that knows what the images here do not show.
    """
    scores, answers = files.scores(), Predictions.load(files.predictions)
    if champion and version and champion.version == version.version:
        judgement = judge(scores, settings.promotion)
        if judgement.verdict == "promoted":
            judgement = replace(judgement, reason="It is champion, and every floor is held.")
        return judgement
    judgement = judge_beside(client, settings, scores, answers, task, champion, files)
    if version is None or judgement.verdict != "promoted":
        return judgement
    back = rolled_back(client, version.name, int(version.version))
    if back is None:
        return judgement
    reason = (
        f"Kept as challenger: it was champion and was rolled back ({back.reason}); "
        f"`constancy promote {version.version}` makes it champion again."
    )
    return replace(judgement, verdict="challenger", reason=reason)


def judge_beside(
    client: "MlflowClient",
    settings: Settings,
    scores: dict[str, Any],
    answers: Predictions,
    task: str,
    champion: "ModelVersion | None",
    today: Files,
) -> Judgement:
    """What the gate says of a model with these scores and answers beside the champion.

    today: where the test images lie that a champion is shown which was judged on others.
    """
    if champion is None:
        return judge(scores, settings.promotion, answers, gone(client, settings.tracking.model))

    def answer(model: Path) -> Predictions:
        from constancy.evaluation.evaluate import answer_again

        return answer_again(model, today.prepared, today.suite, settings.evaluate)

    beside = champion_today(client, champion, task, answers, answer)
    return judge(scores, settings.promotion, answers, beside)
