"""The command `constancy watch`."""

from pathlib import Path

import click

from constancy.command import clear, file_option, model_option

_ALARM_CODE = 5


@click.command(short_help="Tell whether images from production have drifted.")
@click.argument("places", metavar="PATHS...", nargs=-1, required=True)
@model_option
@file_option("--json", "report", text="Write all that was found there, as JSON.")
@file_option("--picture", text="Write the distributions there, as PNG.")
@clear
def watch(places: tuple[str, ...], model: str, report: Path | None, picture: Path | None) -> None:
    """Tell whether images from production have drifted from the training data.

    PATHS are images as `constancy predict` takes them, or one table that it wrote (.parquet), of
    which only the answers are watched. Light, size and border, sharpness,
    clutter and occlusion, confidence, label mix and distance are compared with the project's
    images, and the factor suites say how the model does where production is.

    The exit code is 5 on an alarm, and 0 where there is none or too few images for a verdict.
    """
    from constancy.files import replacing, write_json
    from constancy.watch.outcome import ALARM
    from constancy.watch.text import describe
    from constancy.watch.watch import watch as watched

    outcome = watched(places, model)
    for path, reason in outcome.production.unreadable:
        click.echo(f"constancy: {path}: {reason}", err=True)
    click.echo(describe(outcome))
    if report:
        write_json(report, outcome.as_json())
    if picture:
        from constancy.calibration.picture import write_picture
        from constancy.watch.picture import draw

        with replacing(picture) as (new,):
            write_picture(draw(outcome), new)
    if outcome.verdict == ALARM:
        raise SystemExit(_ALARM_CODE)
