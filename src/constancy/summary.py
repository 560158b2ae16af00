"""What the terminal shows: the outcome of a run, and the state of the project."""

from typing import Any

from constancy import paths
from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.files import read_report
from constancy.settings import Settings


def outcome(settings: Settings) -> str:
    """The short table that ends a run: accuracies, verdict, report, and how to open the UI."""
    metrics, decision = read_report(paths.METRICS), read_report(paths.DECISION)
    return "\n".join(
        [
            "",
            *_accuracies(metrics, settings),
            "",
            *_verdict(decision),
            f"Report   {paths.REPORT.resolve().as_uri()}",
            "UI       make ui",
        ]
    )


def status(settings: Settings) -> str:
    """The data, the last run, its metrics, and the champion in the registry.

    Where the registry does not answer, the champion's line says why.
    """
    return "\n".join(
        [
            f"Data     {_data(settings)}",
            f"Run      {_run()}",
            f"Champion {_champion(settings)}",
            *_metrics(settings),
        ]
    )


def _accuracies(metrics: dict[str, Any], settings: Settings) -> list[str]:
    floors = settings.promotion.floors()
    rows = [("clean", metrics["clean"]["accuracy"], None)]
    factors = dict(metrics["factors"])
    if "combined" in metrics:  # not in what versions before 0.2 left
        factors["combined"] = metrics["combined"]
    rows += [(name, each["accuracy"], each["severities"]) for name, each in factors.items()]
    lines = [f"{'':13} accuracy   floor   severity 1 to 5"]
    for name, accuracy, severities in rows:
        floor = floors.get(name)
        held = f"  {'':5}"
        if floor is not None:
            held = f"{' ' if accuracy >= floor else '<'} {floor:5.3f}"
        detail = "  ".join(f"{each:.3f}" for each in severities) if severities else ""
        lines.append(f"{name:13} {accuracy:8.4f} {held}   {detail}".rstrip())
    return lines


def _verdict(decision: dict[str, Any]) -> list[str]:
    version = f": {decision['model']} version {decision['version']}" if decision["version"] else ""
    alias = f", alias {decision['alias']}" if decision["alias"] else ""
    return [f"Verdict  {decision['verdict']}{version}{alias}", f"         {decision['reason']}"]


def _data(settings: Settings) -> str:
    if not paths.DATA.exists():
        return "none yet: `make run` fetches and prepares it"
    report = read_report(paths.DATA)
    splits = ", ".join(f"{count:,} {name}" for name, count in report["splits"].items())
    stale = (
        ""
        if report["source"] == without_secrets(settings.data.source)
        else "; params.yaml names another source"
    )
    return f"{report['source']}: {splits}; {len(report['classes'])} classes{stale}"


def _run() -> str:
    if not paths.RUN.exists():
        return "none yet"
    run = read_report(paths.RUN)
    best = f"epoch {run['best_epoch'] + 1} of {run['epochs']} was best"
    return f"{run['network']}, {best}, validation score {run['validation_score']:.4f}"


def _metrics(settings: Settings) -> list[str]:
    # Metrics are committed with the code, so a fresh clone has some that belong to no model here.
    if not (paths.METRICS.exists() and paths.CANDIDATE.exists()):
        return []
    lines = ["", *_accuracies(read_report(paths.METRICS), settings)]
    if paths.DECISION.exists():
        lines += ["", *_verdict(read_report(paths.DECISION))]
    return lines


def _champion(settings: Settings) -> str:
    from constancy.registry.store import answering, connect, sqlite_file, tracking_uri
    from constancy.registry.versions import CHAMPION, version_of

    tracking = settings.tracking
    file = sqlite_file(tracking_uri(tracking.uri))
    if file is not None and not file.exists():
        return "none yet"  # a store that nobody wrote to is not made just to find it empty
    try:
        client = connect(tracking)
        with answering(client):
            champion = version_of(client, tracking.model, CHAMPION)
    except (UserError, OSError) as error:
        return f"not known: {error}"
    return f"{tracking.model} version {champion.version}" if champion else "none yet"
