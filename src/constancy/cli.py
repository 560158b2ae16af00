"""The `constancy` command. Heavy imports stand inside the commands, so that help comes at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from constancy.command import clear, file_option
from constancy.registry import commands
from constancy.reproduce.command import reproduce
from constancy.serving.export_command import export
from constancy.serving.play.command import play
from constancy.serving.predict_command import predict
from constancy.serving.serve.command import serve
from constancy.watch.command import watch

if TYPE_CHECKING:
    from constancy.settings import Settings

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="constancy", message="%(prog)s %(version)s")
def main() -> None:
    """Train image classifiers that stay right when the world changes, and prove it.

    Run these in the project's folder, where params.yaml lies.
    """


def _check(settings: "Settings") -> None:
    """Before any work, what other libraries alone can tell: imported where the settings name them."""
    if settings.variation.albumentations:
        from constancy.variation.extra import check_transforms

        check_transforms(settings.variation.albumentations, settings.data.image.shape)
    if ":" in settings.model.name or settings.model.weights:
        from constancy.models.transfer import check_start

        check_start(settings.model, settings.data.image)


@main.command()
@clear
def run() -> None:
    """Check params.yaml, run the stages that changed, show the outcome."""
    from constancy.pipeline import run_pipeline
    from constancy.settings import load_settings
    from constancy.summary import outcome

    settings = load_settings()
    _check(settings)
    code = run_pipeline(settings.data)
    if code:
        sys.exit(code)
    click.echo(outcome(settings))


@main.command()
@clear
def check() -> None:
    """Check params.yaml without running anything."""
    from constancy.settings import load_settings

    _check(load_settings())
    click.echo("params.yaml is valid")


@main.command(short_help="Report on a SOURCE, such as folder:PATH.")
@click.argument("source")
@file_option("--html", text="Write the data report there, too.")
@file_option("--json", "report", text="Write all that was found there, as JSON.")
@click.option("--root", help="Where the copy of a torchvision:NAME lies.")
@clear
def inspect(source: str, html: Path | None, report: Path | None, root: str | None) -> None:
    """Report on a SOURCE, such as folder:PATH, without changing anything.

    SOURCE is what data.source in params.yaml takes; the other settings of data are used as they
    stand there, but for root and sha256 if SOURCE is another one. What has to be downloaded goes to
    a temporary folder.
    """
    from constancy.data.inspection import inspect_source
    from constancy.settings import load_settings_for

    click.echo(inspect_source(load_settings_for(source, root).data, html, report))


@main.command(short_help="Draw what a FACTOR does, by severity.")
@click.argument("factor")
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="Vary this image, in its own shape and colours, instead of one from the test split.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The PNG file to write.  [default: reports/factors/FACTOR.png]",
)
@clear
def show(factor: str, image: Path | None, out: Path | None) -> None:
    """Draw a contact sheet of a FACTOR: an image untouched and at severities 1 to 5, as PNG.

    FACTOR is viewpoint, illumination, scale, deformation, clutter or occlusion (a row for each of
    its directions), combined (several at once), all (a row for each of these), or intra-class (real
    images from usual to odd, a row for each class). The strengths are those of params.yaml.
    """
    from constancy.settings import load_settings
    from constancy.variation.sheet import write_sheet

    path, shown = write_sheet(load_settings(), factor, image, out)
    click.echo(f"{path} shows {shown}")


@main.command(short_help="Measure what severities cost; propose better ones.")
@clear
def calibrate() -> None:
    """Measure what each severity costs on your data, and propose strengths and limits.

    The network of params.yaml is trained for a few minutes without variation and tested on varied
    validation images. The report and a picture go to reports/; what is printed at the end can be
    pasted into params.yaml. Nothing else changes.
    """
    from constancy.settings import load_settings

    settings = load_settings()

    from constancy import paths
    from constancy.calibration.calibrate import calibrate as measure
    from constancy.calibration.text import describe

    click.echo(describe(measure(settings)))
    click.echo(f"\n{paths.CALIBRATION} and {paths.CALIBRATION_PICTURE} have the rest.")


@main.command(short_help="Tell two models apart, score by score.")
@click.argument("before")
@click.argument("after", default="reports")
@file_option("--json", "report", text="Write all differences and changed images there, as JSON.")
@file_option("--html", text="Write a page about them there.")
@clear
def compare(before: str, after: str, report: Path | None, html: Path | None) -> None:
    """Tell two models apart: how far AFTER is ahead of BEFORE, how sure that is, what changed.

    Each is a version or an alias in the registry (3, champion), the id of a run, or a folder of
    reports; AFTER is the last run of this project unless told otherwise. Both must have answered the
    same test images. A difference is `better` or `worse` where its interval of 95 % does not hold 0:
    of ten scores of two equal models, one may look so by chance.
    """
    from tempfile import TemporaryDirectory

    from constancy.evaluation.compared import compare as compared
    from constancy.evaluation.comparison_page import comparison_lines, render_comparison
    from constancy.evaluation.predictions import Predictions
    from constancy.files import write_json, write_text
    from constancy.registry.reference import find_predictions
    from constancy.settings import load_settings

    tracking = load_settings().tracking
    names, models = [], []
    for name in (before, after):
        with TemporaryDirectory(prefix="constancy-") as folder:
            found = find_predictions(name, tracking, Path(folder))
            names.append(found.name)
            models.append(Predictions.load(found.file))
    outcome, answered = compared(*models), models[0]
    one, other = names
    click.echo(comparison_lines(outcome, one, other))
    if report:
        write_json(report, outcome.as_json(one, other, answered))
    if html:
        write_text(html, render_comparison(outcome, one, other, answered))


@main.command()
@clear
def status() -> None:
    """Show the data, the last run, its metrics, and the champion."""
    from constancy.settings import load_settings
    from constancy.summary import status as describe

    click.echo(describe(load_settings()))


@main.command(short_help="Send what the tracking store has not got yet.")
@click.option("--dry-run", is_flag=True, help="Only say how much that is.")
@clear
def sync(dry_run: bool) -> None:
    """Send what trainings kept while the tracking store was away, and close runs that were killed.

    Trainings that go on send for themselves. The exit code is 1 if the store cannot be used; what
    was not sent stays here.
    """
    from constancy.settings import load_settings

    settings = load_settings()

    from constancy.addresses import without_secrets
    from constancy.errors import UserError
    from constancy.registry.sync import pending, send_journals

    if dry_run:
        click.echo("{} events of {} runs are not sent yet".format(*pending()))
        return
    try:
        click.echo("sent {} events of {} runs".format(*send_journals(settings.tracking)))
    except (UserError, OSError) as error:
        click.echo(f"constancy: {without_secrets(str(error))}", err=True)
        sys.exit(1)


@main.command()
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535))
@clear
def ui(port: int) -> None:
    """Open MLflow's tracking UI on 127.0.0.1."""
    from constancy.registry.ui import serve_ui
    from constancy.settings import load_settings

    sys.exit(serve_ui(load_settings().tracking, port))


for command in (
    commands.gate,
    commands.models,
    commands.why,
    commands.history,
    commands.promote,
    commands.rollback,
    reproduce,
    predict,
    serve,
    export,
    play,
    watch,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
