"""The last stage: a candidate is judged, and what became of it is written down."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy.code import code_digest
from constancy.errors import UserError
from constancy.evaluation.predictions import Predictions
from constancy.files import read_json, write_json, write_text
from constancy.registry.aliases import decide, finish, number_of
from constancy.registry.checks_table import as_markdown
from constancy.registry.decision import Decision, with_verdict
from constancy.registry.folds import fold_name, sum_up_folds
from constancy.registry.gate import Judgement, Verdict, judge
from constancy.registry.history import Kind, gone, records, rolled_back
from constancy.registry.package import serving_code
from constancy.registry.store import alone, answering, connect, sqlite_file, tracking_uri
from constancy.registry.sync import send_journals
from constancy.registry.today import champion_today
from constancy.registry.tracking import (
    WEIGHTS_TAG,
    create_run,
    find_run,
    log_evaluation,
    tag_registration,
)
from constancy.registry.versions import (
    CHALLENGER,
    CHAMPION,
    create_version,
    find_version,
    model_tags,
    update_version,
    version_of,
)
from constancy.settings import Settings
from constancy.settings.tracking import Tracking
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Answered:
    """A candidate's scores and answers, and the folders of the images that they are of."""

    metrics: dict[str, Any]
    predictions: Predictions
    prepared: Path
    suite: Path


def register(
    settings: Settings,
    *,
    candidate: Path,
    metrics_file: Path,
    predictions: Path,
    prepared: Path,
    suite: Path,
    page: Path,
    report: Path,
    decision_file: Path,
    artifacts: Sequence[Path] = (),
) -> Decision:
    """Judge the candidate, register it, move the aliases, and write the decision.

    With `data.split.folds` or `train.debug` the model is no candidate: its run is completed, those of
    folds are summed up, and the registry stays as it is.

    candidate: the model's folder; metrics_file, predictions, page: what evaluation wrote; prepared,
    suite: folders with the test images of today, for a champion that was judged on others; report:
    where the page goes with the verdict on it; artifacts: other files and folders that belong to the
    run.

    The same weights, card and serving code are one version, however often they are registered.
    Steps are in such an order that, wherever this ends early, the champion is a complete version
    that earned its alias; a second call completes the rest.

    Raises UserError if the store cannot be used or the candidate is no model.
    """
    client = connect(settings.tracking)
    metrics = _read(metrics_file)
    identity = model_tags(candidate) | {"code_sha256": code_digest(serving_code())}
    with answering(client):
        _send_journals(settings.tracking)
        run_id = _run(client, settings, identity[WEIGHTS_TAG])
        tag_registration(client, run_id, settings)
        log_evaluation(client, run_id, metrics, [metrics_file, predictions, *artifacts])
        if why := _no_candidate(settings):
            decision = _leave_out(settings, why)
        else:
            answered = Answered(metrics, Predictions.load(predictions), prepared, suite)
            decision = _decide(client, settings, run_id, candidate, identity, answered)
        write_json(decision_file, asdict(decision))
        write_text(report, with_verdict(page.read_text(encoding="utf-8"), decision))
        for file in (decision_file, report):
            client.log_artifact(run_id, str(file))
        if folds := sum_up_folds(client, settings, run_id):
            print(folds)
        client.set_terminated(run_id)
    return decision


def preview(
    settings: Settings,
    *,
    candidate: Path,
    metrics_file: Path,
    predictions: Path,
    prepared: Path,
    suite: Path,
) -> Judgement:
    """How `register` would judge the candidate; nothing changes.

    Raises UserError as `register` does, and for a model that is no candidate.
    """
    if why := _no_candidate(settings):
        raise UserError(f"{why}, and nothing is judged")
    identity = model_tags(candidate) | {"code_sha256": code_digest(serving_code())}
    answered = Answered(_read(metrics_file), Predictions.load(predictions), prepared, suite)
    file, name = sqlite_file(tracking_uri(settings.tracking.uri)), settings.tracking.model
    if file is not None and not file.exists():  # it is not made just to find it empty
        return judge(answered.metrics, settings.promotion)
    client = connect(settings.tracking)
    with answering(client):
        champion, version = version_of(client, name, CHAMPION), find_version(client, name, identity)
        return _judge(client, settings, answered, identity, champion, version)[0]


def describe(metrics: dict[str, Any], judgement: Judgement) -> str:
    """A version's description for the registry's page, in Markdown."""
    clean, worst = metrics["clean"], metrics["worst_factor"]
    lines = [
        judgement.reason,
        "",
        f"Right on {clean['accuracy']:.1%} of {clean['count']:,} clean test images; weakest under "
        f"{worst['name']}: {worst['accuracy']:.1%}.",
        "",
        "| factor | accuracy | retention | at severity 5 |",
        "|---|---:|---:|---:|",
    ]
    for name, score in metrics["factors"].items():
        numbers = (score["accuracy"], score["retention"], score["severities"][-1])
        lines.append(f"| {name} | " + " | ".join(f"{number:.1%}" for number in numbers) + " |")
    return "\n".join([*lines, "", as_markdown(judgement)])


def _read(metrics_file: Path) -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = read_json(metrics_file)
    except FileNotFoundError:
        raise UserError(f"{metrics_file} is missing: `make run` writes it") from None
    return metrics


def _send_journals(tracking: Tracking) -> None:
    """Send what is left: the run may have been trained while the store was away."""
    try:
        send_journals(tracking)
    except (UserError, OSError) as error:  # what concerns this model is told in what follows
        warn(f"{error}; what was not sent stays in its journal")


def _run(client: "MlflowClient", settings: Settings, weights: str) -> str:
    """The run of the training, or a new one where the store has none."""
    found = find_run(client, settings.tracking, weights)
    if found is None:
        warn(
            "the tracking store knows no run that trained this model: a new one takes the "
            "evaluation and the model"
        )
        found = create_run(client, settings)
        client.set_tag(found, WEIGHTS_TAG, weights)
    return found


def _decide(
    client: "MlflowClient",
    settings: Settings,
    run_id: str,
    candidate: Path,
    identity: dict[str, str],
    answered: Answered,
) -> Decision:
    name = settings.tracking.model
    while True:
        champion = version_of(client, name, CHAMPION)
        version = find_version(client, name, identity)
        judgement, before = _judge(client, settings, answered, identity, champion, version)
        with alone(client):
            finish(client, name)
            if number_of(client, name, CHAMPION) != (champion and int(champion.version)):
                continue  # another was quicker: the candidate is judged beside the new champion
            version = _registered(client, name, run_id, candidate, identity, answered, judgement)
            _record(client, version, judgement, identity, answered.predictions.suite)
        break
    aliases = client.get_model_version(name, version.version).aliases
    return Decision(
        verdict=judgement.verdict,
        model=name,
        version=int(version.version),
        alias=next((each for each in (CHAMPION, CHALLENGER) if each in aliases), None),
        champion_before=before,
        floors=judgement.floors,
        comparisons=judgement.comparisons,
        reason=judgement.reason,
    )


def _registered(
    client: "MlflowClient",
    name: str,
    run_id: str,
    candidate: Path,
    identity: dict[str, str],
    answered: Answered,
    judgement: Judgement,
) -> "ModelVersion":
    """The version of the candidate, made if there is none, with what was found of it."""
    version = find_version(client, name, identity)
    champion = number_of(client, name, CHAMPION)
    tags = identity | {
        "run_id": run_id,
        "suite": answered.metrics["suite"],
        "verdict": judgement.verdict,
    }
    if version is None or int(version.version) != champion:
        tags["champion_before"] = str(champion or "")
    description = describe(answered.metrics, judgement)
    if version is None:
        return create_version(client, name, run_id, candidate, tags, description)
    update_version(client, version, tags, description)
    return version


_KINDS: dict[Verdict, Kind] = {
    "promoted": "promotion",
    "challenger": "challenge",
    "refused": "refusal",
}


def _record(
    client: "MlflowClient",
    version: "ModelVersion",
    judgement: Judgement,
    identity: dict[str, str],
    suite: str,
) -> None:
    """Write down and carry out what follows from a judgement.

    A champion that misses the floors of today stays until another takes its place: to serve nothing
    would be worse.
    """
    name, number = version.name, int(version.version)
    champion = number_of(client, name, CHAMPION)
    kind = _KINDS[judgement.verdict]
    if number == champion and kind == "promotion":
        return  # it is what it was
    values = {
        "kind": kind,
        "version": number,
        "champion_before": champion,
        "champion": number if kind == "promotion" else champion,
        "reason": judgement.reason,
        "suite": suite,
        "weights": identity[WEIGHTS_TAG],
    }
    last = next(records(client, name), None)
    if (
        last
        and last.state == "done"
        and all(getattr(last, key) == value for key, value in values.items())
    ):
        return  # the same candidate again, beside the same champion
    decide(client, name, **values, details=asdict(judgement))


def _no_candidate(settings: Settings) -> str | None:
    """Why the model is no candidate, whatever its scores; None for one that is."""
    if settings.train.debug:
        return f"train.debug is {settings.train.debug}: its model is to look at, not to keep"
    if settings.data.split.folds is not None:
        name = fold_name(settings.data.split).capitalize()
        return f"{name}: its model is an estimate, not a candidate"
    return None


def _leave_out(settings: Settings, why: str) -> Decision:
    return Decision(
        verdict="left out",
        model=settings.tracking.model,
        version=None,
        alias=None,
        champion_before=None,
        floors=[],
        comparisons=[],
        reason=f"{why}, and stays out of the registry.",
    )


def _judge(
    client: "MlflowClient",
    settings: Settings,
    answered: Answered,
    identity: dict[str, str],
    champion: "ModelVersion | None",
    version: "ModelVersion | None",
) -> tuple[Judgement, int | None]:
    """The judgement, and the champion before this version.

    A version that is champion already is judged by the floors alone. One that was rolled back is
    not promoted again by itself: whoever did that knows what the images here do not show.
    """
    metrics, promotion = answered.metrics, settings.promotion
    history = [each for each in records(client, settings.tracking.model) if each.state == "done"]
    if champion is None:
        return judge(metrics, promotion, answered.predictions, gone(history)), None
    if version is not None and int(champion.version) == int(version.version):
        before = champion.tags.get("champion_before")
        judgement = judge(metrics, promotion)
        if judgement.verdict == "promoted":
            judgement = replace(judgement, reason="It is champion, and every floor is held.")
        return judgement, int(before) if before else None

    def answer(model: Path) -> Predictions:
        from constancy.evaluation.evaluate import answer_again

        return answer_again(model, answered.prepared, answered.suite, settings.evaluate)

    today = champion_today(client, champion, identity["task_sha256"], answered.predictions, answer)
    judgement = judge(metrics, promotion, answered.predictions, today)
    if version is not None and judgement.verdict == "promoted":
        back = rolled_back(history, int(version.version))
        if back is not None:
            reason = (
                f"Kept as challenger: it was champion and was rolled back ({back.reason}); "
                f"`constancy promote {version.version}` makes it champion again."
            )
            judgement = replace(judgement, verdict="challenger", reason=reason)
    return judgement, int(champion.version)
