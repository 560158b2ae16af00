"""A canvas to draw on, which gives its picture as soon as a stroke ends."""

import numpy as np

_BLACK, _WHITE = "#000000", "#ffffff"
_HTML = """
<canvas width="280" height="280" data-ground="{ground}" data-ink="{ink}" role="img"
  aria-label="Draw here with the mouse, a pen or a finger"></canvas>
<button type="button" class="clear">Clear</button>
"""

SCRIPT = """
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
"""Triggers `input` with `png`, a data URI."""


def canvas_html(border: np.ndarray) -> str:
    """The canvas, on the ground that images usually have. border: their colour there, uint8, 1 or 3."""
    ground = border.tolist() * (3 // len(border))
    ink = _BLACK if sum(ground) > 3 * 127 else _WHITE
    return _HTML.format(ground="#{:02x}{:02x}{:02x}".format(*ground), ink=ink)
