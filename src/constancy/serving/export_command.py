"""`constancy export`: a model as one file for other runtimes."""

from pathlib import Path

import click

from constancy.command import clear, file_option, model_option


@click.command(short_help="Write a model as ONNX, PT2 or safetensors.")
@model_option
@click.option("--format", "kind", required=True, type=click.Choice(["onnx", "pt2", "safetensors"]))
@file_option("--out", text="The file to write.  [default: exports/MODEL.FORMAT]")
@click.option("--int8", is_flag=True, help="With 8-bit integers, and what that costs. For ONNX.")
@file_option("--json", "report", text="Write all that was measured there, as JSON.")
@clear
def export(model: str, kind: str, out: Path | None, int8: bool, report: Path | None) -> None:
    """Write a model as one file: pixels in, probabilities out, any number of images at once.

    The file is opened anew and has to answer as the model does on up to 500 test images of this
    project before it takes its name. Printed are its size and its speed beside PyTorch's.

    With --int8 the quantised model is also scored on the frozen test beside the original, and by
    the checks of the gate. It is written in any case; the exit code is 3 where the gate would not
    let it pass.
    """
    from constancy.errors import UserError
    from constancy.settings import load_settings

    if int8 and kind != "onnx":
        raise UserError("--int8 goes with --format onnx")
    settings = load_settings()

    from constancy.files import write_json
    from constancy.paths import PREPARED, SUITES
    from constancy.serving.export.export import export as write
    from constancy.serving.export.export import export_int8
    from constancy.serving.export.lines import exported_json, exported_lines
    from constancy.serving.load import find_model

    folder = find_model(model, settings.tracking)
    name = f"{Path(model).resolve().name}{'-int8' if int8 else ''}.{kind}"
    out = out or Path("exports") / name
    if int8:
        exported = export_int8(folder, out, PREPARED, SUITES / "test", settings)
    else:
        exported = write(folder, kind, out, PREPARED)
    click.echo(exported_lines(exported))
    if report:
        write_json(report, exported_json(exported))
    if exported.cost and exported.cost.missed:
        raise SystemExit(3)
