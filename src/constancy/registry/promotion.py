"""The last stage: a candidate is judged, and what became of it is written down."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy.code import code_digest
from constancy.errors import UserError
from constancy.files import write_json, write_text
from constancy.models.disk import CARD
from constancy.paths import PREPARED
from constancy.registry.aliases import decide, finish
from constancy.registry.checks_table import as_markdown
from constancy.registry.decision import Decision, with_verdict
from constancy.registry.exclusive import alone
from constancy.registry.folds import fold_name, sum_up_folds
from constancy.registry.gate import Judgement, Verdict, judge
from constancy.registry.history import Kind, records
from constancy.registry.judging import Files, judge_candidate
from constancy.registry.lineage import data_tags
from constancy.registry.origin import with_origin
from constancy.registry.package import log_model, serving_code
from constancy.registry.store import answering, connect, connect_existing
from constancy.registry.sync import send_journals
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
    digests,
    model_tags,
    number_of,
    same_version,
    update_version,
    version_of,
)
from constancy.settings import Settings
from constancy.settings.tracking import Tracking
from constancy.stage import warn

if TYPE_CHECKING:
    from mlflow import MlflowClient


def register(
    settings: Settings,
    files: Files,
    *,
    page: Path,
    report: Path,
    decision_file: Path,
    artifacts: Sequence[Path] = (),
) -> Decision:
    """Judge the candidate, register it, move the aliases, and write the decision.

    With `data.split.folds` or `train.debug` the model is no candidate: its run is completed, those of
    folds are summed up, and the registry stays as it is.

    files: the candidate, and what evaluation found; page: that as a page; report: where the page
    goes with the verdict on it; artifacts: other files and folders that belong to the run.

    The same weights, card and serving code are one version, however often they are registered.
    Steps are in such an order that, wherever this ends early, the champion is a complete version
    that earned its alias; a second call completes the rest.

    Raises UserError if the store cannot be used or the candidate is no model.
    """
    client = connect(settings.tracking)
    metrics = files.scores()
    identity = model_tags(files.model) | {"code_sha256": code_digest(serving_code())}
    with answering(client):
        _send_journals(settings.tracking)
        run_id = _run(client, settings, identity[WEIGHTS_TAG])
        tag_registration(client, run_id, settings)
        log_evaluation(client, run_id, metrics, [files.metrics, files.predictions, *artifacts])
        if why := _no_candidate(settings):
            decision = _leave_out(settings, why)
        else:
            decision = _decide(client, settings, run_id, files, identity, metrics)
        write_json(decision_file, asdict(decision))
        client.log_artifact(run_id, str(decision_file))
        judged, prepared = (
            with_verdict(page.read_text(encoding="utf-8"), decision),
            f"{PREPARED}.md5",
        )
        # The project's report hangs on what the stage reads alone, and is the same in every clone.
        write_text(report, with_origin(judged, {prepared: data_tags().get(prepared, "")}))
        origin = client.get_run(run_id).data.tags
        client.log_text(run_id, with_origin(judged, origin), report.name)
        if folds := sum_up_folds(client, settings, run_id):
            print(folds)
        client.set_terminated(run_id)
    return decision


def preview(settings: Settings, files: Files) -> Judgement:
    """How `register` would judge the candidate; nothing changes.

    Raises UserError as `register` does, and for a model that is no candidate.
    """
    if why := _no_candidate(settings):
        raise UserError(f"{why}, and nothing is judged")
    if not (files.model / CARD).exists():
        raise UserError(f"{files.model} holds no model to judge: `make run` trains one")
    identity = model_tags(files.model) | {"code_sha256": code_digest(serving_code())}
    client, name = connect_existing(settings.tracking), settings.tracking.model
    if client is None:
        return judge(files.scores(), settings.promotion)
    with answering(client):
        champion, version = version_of(client, name, CHAMPION), same_version(client, name, identity)
        task = identity["task_sha256"]
        return judge_candidate(client, settings, files, task, champion, version)


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
    files: Files,
    identity: dict[str, str],
    metrics: dict[str, Any],
) -> Decision:
    name, task = settings.tracking.model, identity["task_sha256"]
    logged: str | None = None
    while True:
        champion = version_of(client, name, CHAMPION)
        version = same_version(client, name, identity)
        judgement = judge_candidate(client, settings, files, task, champion, version)
        before = int(champion.version) if champion else None
        if version is None and logged is None:
            # Not while others wait: a large model takes minutes.
            logged = log_model(client, run_id, files.model)
        with alone(client, name):
            finish(client, name)
            if number_of(client, name, CHAMPION) != before:
                continue  # another was quicker: the candidate is judged beside the new champion
            tags = identity | {
                "run_id": run_id,
                "suite": metrics["suite"],
                "verdict": judgement.verdict,
            }
            description = describe(metrics, judgement)
            version = same_version(client, name, identity)
            if version is None or int(version.version) != before:
                tags["champion_before"] = str(before or "")
            if version is not None:
                update_version(client, version, tags, description)
            elif logged is not None:
                version = create_version(client, name, run_id, logged, tags, description)
            else:
                continue  # it was deleted meanwhile
            _record(client, name, version.version, before, judgement)
        break
    found = client.get_model_version(name, version.version)
    judged_beside = found.tags.get("champion_before")
    return Decision(
        verdict=judgement.verdict,
        model=name,
        version=int(found.version),
        alias=next((each for each in (CHAMPION, CHALLENGER) if each in found.aliases), None),
        champion_before=int(judged_beside) if judged_beside else None,
        floors=judgement.floors,
        comparisons=judgement.comparisons,
        reason=judgement.reason,
    )


_KINDS: dict[Verdict, Kind] = {
    "promoted": "promotion",
    "challenger": "challenge",
    "refused": "refusal",
}


def _record(
    client: "MlflowClient", name: str, version: str, champion: int | None, judgement: Judgement
) -> None:
    """Write down and carry out what follows from a judgement of a version.

    champion: the version that is it now. A champion that misses the floors of today stays until
    another takes its place: to serve nothing would be worse.
    """
    number, kind = int(version), _KINDS[judgement.verdict]
    if number == champion and kind == "promotion":
        return  # it is what it was
    made = digests(client, client.get_model_version(name, version))
    values = {
        "kind": kind,
        "version": number,
        "champion_before": champion,
        "champion": number if kind == "promotion" else champion,
        "reason": judgement.reason,
        "suite": made["suite"],
        "weights": made["weights"],
    }
    last = next(records(client, name), None)
    if (
        last
        and last.state == "done"
        and all(getattr(last, key) == value for key, value in values.items())
    ):
        return  # the same candidate again, beside the same champion
    decide(client, name, **(values | made), details=asdict(judgement))


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
