"""The command `constancy reproduce`, and what it prints."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from constancy.command import clear

if TYPE_CHECKING:
    from constancy.reproduce.outcome import Outcome


@click.command(short_help="Train a VERSION again, and compare.")
@click.argument("version")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@clear
def reproduce(version: str, as_json: bool) -> None:
    """Train a VERSION again from its commit, and compare weights and metrics.

    VERSION is a number or an alias in the registry (3, champion). Its commit is checked out beside
    the project, its images come from DVC or from the source, and the stages from prepare to evaluate
    run again. The project and the registry stay as they are.

    The outcome is `identical`, `within tolerance`, `differs` or `not reproducible`. The exit code is
    0 for the first two, and 3 for the others.
    """
    from constancy.reproduce.reproduce import reproduce as again
    from constancy.settings import load_settings

    outcome = again(load_settings().tracking, version)
    click.echo(json.dumps(asdict(outcome), indent=2) if as_json else describe(outcome))
    raise SystemExit(0 if outcome.verdict in ("identical", "within tolerance") else 3)


def describe(outcome: "Outcome") -> str:
    """The outcome as a few lines for people."""
    lines = [f"{outcome.name}: {outcome.verdict}. {outcome.reason}"]
    if outcome.weights:
        lines += [f"  {'weights':24} {outcome.weights[0][:16]} -> {outcome.weights[1][:16]}"]
    for score in outcome.scores:
        change = f"{score.version:.4f} -> {score.rerun:.4f}"
        interval = f"{score.low:.4f} to {score.high:.4f}"
        lines.append(f"  {score.name:24} {change}   {'' if score.within else 'not '}in {interval}")
    if outcome.lock_is_todays is not None:
        lock = "the same" if outcome.lock_is_todays else "another"
        lines.append(f"requirements.lock is {lock} today.")
    if outcome.differences:
        lines.append("What is different here:")
    for each in outcome.differences:
        lines.append(f"  {each.name:24} {each.then} -> {each.here}")
    return "\n".join(lines)
