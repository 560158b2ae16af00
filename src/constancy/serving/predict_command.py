"""The command of `constancy` that puts a model to work."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from constancy.command import clear, file_option, model_option

if TYPE_CHECKING:
    from constancy.serving.files import Answer


@click.command(short_help="Classify images with the champion.")
@click.argument("paths", nargs=-1, required=True)
@model_option
@click.option(
    "--top",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many labels to give for each image, the most probable first.",
)
@file_option("--out", text="Write a table there, instead: FILE.csv, .parquet or .jsonl.")
@click.option(
    "--explain",
    type=click.Path(path_type=Path),
    help="Draw what spoke for each label (Grad-CAM), as PNG files in this new folder.",
)
@clear
def predict(
    paths: tuple[str, ...], model: str, top: int, out: Path | None, explain: Path | None
) -> None:
    """Classify images: path, label and probability of each, separated by tabs.

    PATHS are image files, folders, globs in quotes ('photos/**/*.jpg'), archives (.zip, .tar,
    .tar.gz, .tgz and others) and manifests (.csv or .parquet, with a column `path`).

    With --top, further labels and their probabilities follow. An image that cannot be read gets a
    line on standard error, or its reason in the column `error` of the table; the rest are answered
    all the same, and the exit code is then 2.
    """
    from constancy.serving.tables import check_ending

    if out:
        check_ending(out)

    from constancy.progress import progress
    from constancy.serving.files import predict_files
    from constancy.serving.load import load_model
    from constancy.serving.places import find_images
    from constancy.serving.tables import table_of

    unreadable = 0
    with ExitStack() as stack:
        places = find_images(paths, stack)
        total = sum(len(images.paths) for images in places)
        predictor = load_model(model)
        top = min(top, len(predictor.classes))
        takers = [stack.enter_context(table_of(out, top)) if out else _printer(top)]
        if explain:
            from constancy.serving.explain import overlays

            takers.append(stack.enter_context(overlays(explain, predictor)))
        # Answers on a terminal show by themselves how far it is, and a bar would stand among them.
        shown = out or not sys.stdout.isatty()
        bar = stack.enter_context(progress("predict", total=total)) if shown else None
        for answers in predict_files(predictor, places):
            for take in takers:
                take(answers)
            unreadable += sum(answer.error is not None for answer in answers)
            if bar is not None:
                bar.update(len(answers))
    if out:
        click.echo(f"{out}: {total:,} images, of which {unreadable:,} could not be read")
    if unreadable:
        sys.exit(2)


def _printer(top: int) -> Callable[[Sequence["Answer"]], None]:
    from constancy.serving.tables import as_line

    def show(answers: Sequence["Answer"]) -> None:
        for answer in answers:
            if answer.error is None:
                click.echo(as_line(answer, top))
            else:
                click.echo(f"constancy: {answer.path}: {answer.error}", err=True)

    return show
