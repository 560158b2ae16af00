"""The page: what stands where, and what happens when somebody touches it."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import gradio as gr

from constancy.page import colors
from constancy.serving.play import picture
from constancy.serving.play.answers import BEGIN, Answers
from constancy.serving.play.canvas import SCRIPT, canvas_html
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import FARTHEST, Subject
from constancy.settings.base import FACTORS, INTRA_CLASS, SEVERITIES

_ALL, _EVERY = "all classes", -1
_STEP = 0.1
_HEADER = """
<header><p class="brand">Constancy</p><h1>Play</h1>
<p class="lead">Vary an image and see how long it is still seen for what it is. A slider is the
severity of its factor: 0 is untouched, the tests go from 1 to 5.</p></header>
"""
_PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-row]');
  if (button) trigger('click', {row: Number(button.dataset.row)});
});
"""


def theme() -> Any:
    """Of fonts that are on every machine: others would be fetched from elsewhere."""
    return gr.themes.Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace"))


def style_sheet() -> str:
    """The colours of the reports, and how this page is laid out."""
    return colors() + Path(__file__).with_name("play.css").read_text(encoding="utf-8")


def build_page(playground: Playground) -> Any:
    """The page as Gradio's blocks; each visitor has a subject and a draw of their own."""
    hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    with gr.Blocks(title="Constancy: play", analytics_enabled=False, fill_width=True) as page:
        first = playground.first()
        subject, draw, turn = gr.State(first), gr.State(0), gr.State(0)
        gr.HTML(_HEADER, elem_id="top", apply_default_css=False)
        with gr.Row(elem_id="layout"):
            with gr.Column(elem_id="controls", min_width=320):
                with gr.Column(elem_id="images"):
                    classes, choice, file, canvas = _images(playground)
                    status = gr.HTML(elem_id="status", apply_default_css=False)
                with gr.Column(elem_id="sliders"):
                    with gr.Row(elem_id="buttons"):
                        another = gr.Button("Another draw", size="sm", min_width=100)
                        back = gr.Button("All back to 0", size="sm", min_width=100)
                    sliders, notes = _sliders(playground, first)
                    together = gr.HTML(elem_id="together", apply_default_css=False)
            with gr.Column(elem_id="seen", min_width=320):
                pictures = gr.HTML(BEGIN, elem_id="pictures", apply_default_css=False)
                models = gr.HTML(elem_id="models", apply_default_css=False)
        answers = Answers(playground)
        shown = [pictures, models, together, *notes]
        taken = [subject, status, sliders[FACTORS.index(INTRA_CLASS)], turn]
        # Whatever changes, one event shows it: of several, a late answer could take the place of the
        # last one. It never waits in a queue; while one answer is made, only the last of those that
        # follow is asked for.
        changes = [page.load, draw.change, turn.change, *(each.change for each in sliders)]
        now = {"queue": False, "trigger_mode": "always_last"}
        gr.on(changes, answers.show, [subject, draw, *sliders], shown, **now, **hidden)
        # In the queue, since Gradio tells of a State's change only there.
        last = {"trigger_mode": "always_last", **hidden}
        file.upload(answers.upload, [file, turn], [*taken, file], **hidden)
        canvas.input(answers.drawn, turn, taken, **last)
        another.click(lambda draw: draw + 1, draw, draw, **hidden)
        back.click(None, outputs=sliders, js=f"() => {[0] * len(sliders)}")
        if classes is not None:
            classes.input(answers.choose, classes, choice, queue=False, **last)
            choice.click(answers.pick, turn, taken, **last)
    return page


def _images(playground: Playground) -> tuple[Any, Any, Any, Any]:
    """Where images come from: the choice of a class and of a test image, an upload, a canvas."""
    classes = None
    with gr.Tabs():
        with gr.Tab("Test images"):
            if playground.stock is None:
                choice = gr.HTML(picture.warnings([playground.why_no_stock]))
            else:
                options = [
                    (_ALL, _EVERY),
                    *((name, n) for n, name in enumerate(playground.classes)),
                ]
                classes = gr.Dropdown(options, value=_EVERY, label="Class", container=False)
                choice = gr.HTML(
                    picture.choice(playground, None),
                    js_on_load=_PICK,
                    elem_id="choice",
                    apply_default_css=False,
                )
        with gr.Tab("Upload"):
            file = gr.File(label="An image file", type="filepath", height=130, elem_id="upload")
        with gr.Tab("Draw"):
            canvas = gr.HTML(
                canvas_html(playground.border),
                js_on_load=SCRIPT,
                elem_id="canvas",
                apply_default_css=False,
            )
    return classes, choice, file, canvas


def _sliders(playground: Playground, first: Subject | None) -> tuple[list[Any], Sequence[Any]]:
    """A slider for each factor, and below it what it stands for."""
    sliders, notes = [], []
    for name in FACTORS:
        with gr.Column(elem_classes="factor", min_width=0):
            real = name == INTRA_CLASS  # there are no images beyond the oddest
            slider = gr.Slider(
                0,
                SEVERITIES[-1] if real else FARTHEST,
                value=0,
                step=_STEP,
                label=name.capitalize(),
                interactive=not real or (first is not None and playground.varier.can_swap(first)),
                elem_id=name,
                buttons=[],
            )
            sliders.append(_forgiving(slider))
            notes.append(gr.HTML(elem_id=f"{name}-note", apply_default_css=False))
    return sliders, notes


def _forgiving(slider: Any) -> Any:
    """The same slider: a number that is half typed, or too large, counts as the nearest one."""

    def nearest(number: Any) -> float:
        known = number if isinstance(number, int | float) and isfinite(number) else slider.minimum
        return float(min(max(known, slider.minimum), slider.maximum))

    slider.preprocess = nearest
    return slider
