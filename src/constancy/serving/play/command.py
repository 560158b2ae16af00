"""The command `constancy play`."""

import click

from constancy.command import clear, model_option


@click.command(short_help="Play with a model: vary an image, see what it makes of it.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(1, 65535))
@model_option
@clear
def play(port: int, model: str) -> None:
    """Open a page on 127.0.0.1 to play with a model.

    Pick, upload or draw an image, move the sliders of the seven factors, and see the varied image,
    what the champion and the challenger take it for, where they look, and what their layers see.
    The page says where a slider leaves the range that the model was proven for.
    """
    import os
    from importlib.util import find_spec

    from constancy.errors import UserError
    from constancy.ports import check_port
    from constancy.settings import load_settings

    settings = load_settings()
    if find_spec("gradio") is None:
        raise UserError("constancy play needs the package gradio: pip install 'constancy[play]'")
    check_port(port, f"constancy play --port {port + 1}")
    # Threads that wait for each other leave the cores to the browser.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    from constancy.serving.play.playground import open_playground
    from constancy.serving.play.serve import serve

    serve(open_playground(model, settings), port)
