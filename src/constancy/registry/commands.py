"""The commands of `constancy` that ask the registry, or change it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from constancy.command import clear

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from constancy.registry.history import Record
    from constancy.settings import Settings

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_DRY = click.option("--dry-run", is_flag=True, help="Only say what would happen.")


@contextmanager
def _registry() -> Iterator[tuple["MlflowClient | None", "Settings"]]:
    """The registry of this project, None where there is nothing yet. Raises UserError where it
    cannot be used.
    """
    from constancy.registry.store import answering, connect_existing
    from constancy.settings import load_settings

    settings = load_settings()
    client = connect_existing(settings.tracking)
    with answering(client) if client else nullcontext():
        yield client, settings


@contextmanager
def _filled_registry() -> Iterator[tuple["MlflowClient", "Settings"]]:
    """The same. Raises UserError where there is nothing yet, too."""
    from constancy.errors import UserError

    with _registry() as (client, settings):
        if client is None:
            raise UserError("nothing is registered yet: `make run` trains, judges and registers")
        yield client, settings


@click.command(short_help="Judge the candidate; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print all checks as JSON, not as a table.")
@clear
def gate(as_json: bool) -> None:
    """Judge the candidate of the last run as `register` would, without changing the registry.

    Prints the verdict and a table of all checks in Markdown, as for a comment on a pull request.
    The exit code is 0 where the candidate would be promoted, 3 where it would be refused, and 4
    where it would be kept as challenger.
    """
    from constancy.registry.checks_table import as_markdown
    from constancy.registry.judging import Files
    from constancy.registry.promotion import preview
    from constancy.settings import load_settings

    judgement = preview(load_settings(), Files())
    click.echo(
        json.dumps(asdict(judgement), indent=2, allow_nan=False)
        if as_json
        else f"{judgement.reason}\n\n{as_markdown(judgement)}"
    )
    raise SystemExit({"promoted": 0, "refused": 3, "challenger": 4}[judgement.verdict])


@click.command(short_help="List the versions in the registry.")
@_JSON
@clear
def models(as_json: bool) -> None:
    """List the versions of this project's model, the newest first: verdict, aliases, when."""
    from constancy.registry.change import versions

    with _registry() as (client, settings):
        rows: list[dict[str, Any]] = [
            {
                "version": int(each.version),
                "verdict": each.tags.get("verdict"),
                "aliases": sorted(each.aliases),
                "created": _time(each.creation_timestamp),
                "run": each.run_id,
            }
            for each in (versions(client, settings.tracking.model) if client else ())
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo(f"no versions of '{settings.tracking.model}' yet: `make run` registers one")
    for row in rows:
        aliases = ", ".join(row["aliases"])
        verdict = row["verdict"] or "not judged"
        click.echo(f"{row['version']:4}  {verdict:10}  {row['created']}  {aliases}".rstrip())


@click.command(short_help="Say why a VERSION is what it is.")
@click.argument("version", type=click.IntRange(min=1))
@_JSON
@clear
def why(version: int, as_json: bool) -> None:
    """Say why a VERSION is what it is: every decision about it, the newest first, and its card."""
    from constancy.registry.change import known_version
    from constancy.registry.history import records
    from constancy.registry.reference import find_version

    with _filled_registry() as (client, settings):
        model = settings.tracking.model
        about = [
            record
            for record in records(client, model)
            if version in (record.version, record.champion_before)
        ]
        found = find_version(client, model, str(version))
        if found is None and not about:
            known_version(client, model, version)  # which says that there is none
    aliases = sorted(found.aliases) if found else []
    if as_json:
        card = {"version": version, "aliases": aliases, "tags": found.tags if found else None}
        click.echo(json.dumps(card | {"decisions": [asdict(each) for each in about]}, indent=2))
        return
    standing = f" ({', '.join(aliases) if found else 'deleted'})" if aliases or not found else ""
    click.echo(f"# {model} {version}{standing}\n")
    for record in about:
        click.echo(_line(record))
    if found:
        click.echo(f"\n{found.description}")


@click.command(short_help="List all decisions about the champion.")
@_JSON
@clear
def history(as_json: bool) -> None:
    """List all decisions about which version is champion, the newest first.

    They are kept beside the versions, and stay when versions are deleted.
    """
    from constancy.registry.history import records

    with _registry() as (client, settings):
        found = list(records(client, settings.tracking.model)) if client else []
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    if not found:
        click.echo(f"nothing was decided about '{settings.tracking.model}' yet: `make run` begins")
    for record in found:
        click.echo(_line(record))


@click.command(short_help="Make a VERSION champion.")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--force", is_flag=True, help="Do not ask the gate. Needs --reason.")
@click.option("--reason", help="Why it is forced: kept with the decision.")
@_DRY
@_JSON
@clear
def promote(version: int, force: bool, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Make a VERSION champion, if the gate lets it.

    It is judged by the settings of today beside the champion of today, on the images that it was
    judged on last. The exit code is 2 where the gate does not let it.
    """
    from constancy.errors import UserError
    from constancy.registry.change import promote as change

    if force and not (reason and reason.strip()):
        raise UserError("--force needs --reason TEXT: it is kept with the decision")
    if reason and not force:
        raise UserError("--reason goes with --force: the gate states its own reasons")
    with _filled_registry() as (client, settings):
        outcome = change(client, settings, version, reason and _in_a_line(reason), dry_run)
        _done(outcome, client, settings, as_json)


@click.command(short_help="Make the champion before champion again.")
@click.option("--to", type=click.IntRange(min=1), help="The version to go back to.")
@click.option("--reason", default="Rolled back by hand.", help="Kept with the decision.")
@_DRY
@_JSON
@clear
def rollback(to: int | None, reason: str, dry_run: bool, as_json: bool) -> None:
    """Make the version that was champion before (alias `previous`) champion again, at once.

    The gate is not asked. A second rollback undoes the first.
    """
    from constancy.registry.change import roll_back

    with _filled_registry() as (client, settings):
        outcome = roll_back(client, settings, to, _in_a_line(reason), dry_run)
        _done(outcome, client, settings, as_json)


def _in_a_line(reason: str) -> str:
    """As it is kept: a command line may hold bytes that are no text, and a page several lines."""
    from constancy.data.labels import printable

    return printable(" ".join(reason.split()))


def _done(what: str, client: "MlflowClient", settings: "Settings", as_json: bool) -> None:
    from constancy.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, number_of

    if not as_json:
        click.echo(what)
        return
    model = settings.tracking.model
    aliases: dict[str, Any] = {
        alias: number_of(client, model, alias) for alias in (CHAMPION, CHALLENGER, PREVIOUS)
    }
    click.echo(json.dumps({"outcome": what, **aliases}, indent=2))


_STATES = {"done": "", "begun": "begun, not carried out: ", "withdrawn": "withdrawn: "}


def _line(record: "Record") -> str:
    from constancy.data.labels import printable

    change = ""
    if record.champion != record.champion_before:
        change = f", champion {record.champion_before or 'none'} -> {record.champion}"
    return (
        f"{record.number:4}  {_time(record.time)}  {_STATES[record.state]}{record.kind} of {record.version}{change}, "
        f"by {printable(record.by)}\n      {printable(record.reason)}"
    )


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
