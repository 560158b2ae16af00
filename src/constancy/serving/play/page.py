"""The page: what stands where, and what happens when somebody touches it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from constancy.page import colors
from constancy.serving.play import picture
from constancy.serving.play.bring import NotBroughtError, decode_drawing, read_upload
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import FARTHEST, Subject
from constancy.settings.base import FACTORS, INTRA_CLASS, SEVERITIES

_ALL = "all classes"
_STEP = 0.1
_HEADER = """
<header><p class="brand">Constancy</p><h1>Play</h1>
<p class="lead">Vary an image and see how long it is still seen for what it is. A slider is the
severity of its factor: 0 is untouched, the tests go from 1 to 5.</p></header>
"""
_BEGIN = '<p class="note begin">Upload or draw an image to begin.</p>'
_PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-row]');
  if (button) trigger('click', {row: Number(button.dataset.row)});
});
"""
_CANVAS = """
<canvas width="280" height="280" data-ground="{ground}" data-ink="{ink}" role="img"
  aria-label="Draw here with the mouse, a pen or a finger"></canvas>
<button type="button" class="clear">Clear</button>
"""
_DRAW = """
const canvas = element.querySelector('canvas'), pen = canvas.getContext('2d');
const clear = () => {
  pen.fillStyle = canvas.dataset.ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
};
const place = event => {
  const box = canvas.getBoundingClientRect(), times = canvas.width / box.width;
  return [(event.clientX - box.left) * times, (event.clientY - box.top) * times];
};
let drawing = false;
clear();
Object.assign(pen, {lineWidth: 24, lineCap: 'round', lineJoin: 'round', strokeStyle: canvas.dataset.ink});
canvas.addEventListener('pointerdown', event => {
  drawing = true;
  canvas.setPointerCapture(event.pointerId);
  pen.beginPath();
  pen.moveTo(...place(event));
});
canvas.addEventListener('pointermove', event => {
  if (!drawing) return;
  pen.lineTo(...place(event));
  pen.stroke();
});
canvas.addEventListener('pointerup', () => {
  drawing = false;
  trigger('input', {png: canvas.toDataURL('image/png')});
});
element.querySelector('.clear').addEventListener('click', clear);
"""
_BLACK, _WHITE = "#000000", "#ffffff"


def theme() -> Any:
    """Of fonts that are on every machine: others would be fetched from elsewhere."""
    return gr.themes.Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace"))


def style_sheet() -> str:
    """The colours of the reports, and how this page is laid out."""
    return colors() + Path(__file__).with_name("play.css").read_text(encoding="utf-8")


def build_page(playground: Playground) -> Any:
    """The page as Gradio's blocks; each visitor has a subject and a draw of their own."""
    # Answers come at once and never wait in a queue; while one is made, only the last of those that
    # follow is asked for.
    quick: dict[str, Any] = {
        "queue": False,
        "trigger_mode": "always_last",
        "show_progress": "hidden",
        "api_visibility": "private",
    }
    with gr.Blocks(title="Constancy: play", analytics_enabled=False, fill_width=True) as page:
        first = playground.first()
        subject, draw = gr.State(first), gr.State(0)
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
                pictures = gr.HTML(_BEGIN, elem_id="pictures", apply_default_css=False)
                models = gr.HTML(elem_id="models", apply_default_css=False)
        shown = [pictures, models, together, *notes]
        state = [draw, *sliders]
        swap = sliders[FACTORS.index(INTRA_CLASS)]

        def show(subject: Subject | None, draw: int, *severities: float) -> list[str]:
            if subject is None:
                return [_BEGIN, *[""] * (len(shown) - 1)]
            by_factor = dict(zip(FACTORS, severities, strict=True))
            said = playground.proven.beyond_together(by_factor)
            return [
                *picture.outcome(playground, subject, by_factor, draw),
                picture.warnings([said] if said else []),
                *(
                    picture.note(playground, subject, name, severity, draw)
                    for name, severity in by_factor.items()
                ),
            ]

        def take(found: Subject, draw: int, *severities: float) -> list[Any]:
            able = playground.varier.can_swap(found)
            values = list(severities)
            if not able:
                values[FACTORS.index(INTRA_CLASS)] = 0.0
            slider = gr.update(interactive=able, value=values[FACTORS.index(INTRA_CLASS)])
            return [found, "", slider, *show(found, draw, *values)]

        def pick(event: gr.EventData, draw: int, *severities: float) -> list[Any]:
            return take(playground.picked(int(event.row)), draw, *severities)

        def upload(path: str, draw: int, *severities: float) -> list[Any]:
            try:
                found = read_upload(playground, Path(path))
            except NotBroughtError as error:
                same = [gr.skip()] * (1 + len(shown))
                return [gr.skip(), picture.warnings([str(error)]), *same, None]
            return [*take(found, draw, *severities), None]  # so that another file can follow

        def drawn(event: gr.EventData, draw: int, *severities: float) -> list[Any]:
            return take(decode_drawing(playground, event.png), draw, *severities)

        def redraw(subject: Subject | None, draw: int, *severities: float) -> list[Any]:
            return [draw + 1, *show(subject, draw + 1, *severities)]

        def reset(subject: Subject | None, draw: int) -> list[Any]:
            zeros = [0.0] * len(sliders)
            return [*zeros, *show(subject, draw, *zeros)]

        taken = [subject, status, swap, *shown]
        page.load(show, [subject, *state], shown, **quick)
        gr.on([each.input for each in sliders], show, [subject, *state], shown, **quick)
        file.upload(upload, [file, *state], [*taken, file], **quick)
        canvas.input(drawn, state, taken, **quick)
        another.click(redraw, [subject, *state], [draw, *shown], **quick)
        back.click(reset, [subject, draw], [*sliders, *shown], **quick)
        if classes is not None:
            choice.click(pick, state, taken, **quick)
            classes.input(
                lambda name: picture.choice(playground, _label(playground, name)),
                *(classes, choice),
                **quick,
            )
    return page


def _images(playground: Playground) -> tuple[Any, Any, Any, Any]:
    """Where images come from: the choice of a class and of a test image, an upload, a canvas."""
    classes = None
    with gr.Tabs():
        with gr.Tab("Test images"):
            if playground.stock is None:
                choice = gr.HTML(picture.warnings([playground.why_no_stock]))
            else:
                names = [_ALL, *playground.classes]
                options = [(name, number) for number, name in enumerate(names)]
                classes = gr.Dropdown(options, value=0, label="Class", container=False)
                choice = gr.HTML(
                    picture.choice(playground, None),
                    js_on_load=_PICK,
                    elem_id="choice",
                    apply_default_css=False,
                )
        with gr.Tab("Upload"):
            file = gr.File(label="An image file", type="filepath", height=130, elem_id="upload")
        with gr.Tab("Draw"):
            ground = playground.border.tolist() * (3 // len(playground.border))
            ink = _BLACK if sum(ground) > 3 * 127 else _WHITE
            html = _CANVAS.format(ground="#{:02x}{:02x}{:02x}".format(*ground), ink=ink)
            canvas = gr.HTML(html, js_on_load=_DRAW, elem_id="canvas", apply_default_css=False)
    return classes, choice, file, canvas


def _label(playground: Playground, number: int) -> int | None:
    return number - 1 if 0 < number <= len(playground.classes) else None


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
            sliders.append(slider)
            notes.append(gr.HTML(elem_id=f"{name}-note", apply_default_css=False))
    return sliders, notes
