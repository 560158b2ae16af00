"""The command `constancy serve`."""

from pathlib import Path

import click

from constancy.command import clear, model_option


@click.command(short_help="Answer over HTTP with the champion.")
@model_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5001, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--max-mb",
    default=16,
    show_default=True,
    type=click.IntRange(1, 1024),
    help="The largest request, in MB.",
)
@clear
def serve(model: str, host: str, port: int, max_mb: int) -> None:
    """Answer over HTTP with a model: MLflow's scoring server, with limits and clear refusals.

    POST {"dataframe_records": [{"image": "BASE64"}]} to /invocations; an entry for each image. GET
    /health says whether it is up. When the alias moves, the server goes over to the next model and
    loses no request. It knows no passwords: leave it on 127.0.0.1, or put a proxy before it.
    """
    from constancy.serving.serve.server import serve as run
    from constancy.settings import load_settings

    tracking = None if Path(model).is_dir() else load_settings().tracking
    run(model, tracking, host, port, max_mb << 20)
