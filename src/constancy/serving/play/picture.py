"""What the page shows, as HTML that holds its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from constancy.page import SHARPEST, data_uri, heat, templates, thumbnail
from constancy.serving.play.playground import Playground
from constancy.serving.play.seen import Onlooker, Seen
from constancy.serving.play.vary import Subject
from constancy.settings.base import FACTORS
from constancy.variation.scene import UNKNOWN_CLASS

if TYPE_CHECKING:
    from jinja2 import Template

CLASSES = 10
"""Classes whose probabilities are shown, at the most: those that are likeliest in either image."""

_MAP_SIDE = 16  # pixels at least to which a map is enlarged, so that gaps between them are thin
_GAP = 2


def outcome(
    playground: Playground, subject: Subject, severities: Mapping[str, float], draw: int
) -> tuple[str, str]:
    """The image untouched and varied; and what each model makes of both."""
    varied = playground.varier.vary(subject, severities, draw)
    models = [playground.model, *([playground.beside] if playground.beside else [])]
    active = [f"{name} {severities[name]:g}" for name in FACTORS if severities.get(name)]
    pixelated = max(subject.pixels.shape[:2]) <= 2 * SHARPEST
    pictures = _template("pictures").render(
        untouched=png(subject.pixels),
        varied=png(varied),
        name=subject.name,
        own=playground.classes[subject.label] if subject.label != UNKNOWN_CLASS else "",
        told=", ".join(active) or "by no factor yet",
        pixelated=pixelated,
    )
    opinions = _template("models").render(
        models=[_model(model, subject.pixels, varied) for model in models],
        alone=playground.why_alone,
        pixelated=pixelated,
    )
    return pictures, opinions


def note(playground: Playground, subject: Subject, factor: str, severity: float, draw: int) -> str:
    """What stands below a slider: what it stands for, and whether it has gone too far."""
    strength = escape(playground.varier.strength(subject, factor, severity, draw))
    proven = escape(playground.proven.told(factor))
    return f'<p class="strength">{strength} <span>{proven}</span></p>' + warnings(
        playground.sentences(subject, factor, severity)
    )


def warnings(sentences: Sequence[str]) -> str:
    """Sentences that a reader should not miss."""
    return "".join(f'<p class="beyond" role="status">{escape(each)}</p>' for each in sentences)


def choice(playground: Playground, label: int | None) -> str:
    """Test images to pick from, as buttons that know their rows."""
    assert playground.stock is not None
    buttons = []
    for row in playground.choice(label):
        image = thumbnail(np.asarray(playground.stock.images[row]))
        name = escape(f"Test image, a {playground.classes[playground.stock.labels[row]]}")
        buttons.append(
            f'<button type="button" data-row="{row}" title="{name}"><img src="{image}" alt="{name}">'
            "</button>"
        )
    return f'<div class="choice">{"".join(buttons)}</div>'


def png(pixels: np.ndarray) -> str:
    """An image, uint8, H x W x 1, 3 (RGB) or 4 (RGBA), as a data URI."""
    bgr = pixels if pixels.shape[2] == 1 else pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    # Packed but little: on one machine the pictures travel nowhere.
    _, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data_uri("image/png", data.tobytes())


def in_a_row(maps: Sequence[np.ndarray]) -> str:
    """Maps of one layer, uint8, h x w x 1, side by side on transparent ground, as one data URI."""
    side = max(maps[0].shape[:2])
    times = -(-_MAP_SIDE // side)
    height, width = (times * length for length in maps[0].shape[:2])
    row = np.zeros((height, len(maps) * (width + _GAP) - _GAP, 4), np.uint8)
    for number, each in enumerate(maps):
        left = number * (width + _GAP)
        row[:, left : left + width, :3] = each.repeat(times, axis=0).repeat(times, axis=1)
        row[:, left : left + width, 3] = 255
    return png(row)


def _model(model: Onlooker, untouched: np.ndarray, varied: np.ndarray) -> dict[str, Any]:
    before, after = model.look(untouched, varied)
    one, other = _drawn(before), _drawn(after)
    return {
        "title": model.title,
        "before": before.prediction,
        "after": after.prediction,
        "rows": _probabilities(before, after),
        "attention": (one.attention, other.attention) if one.attention else None,
        "layers": [(name, strip, other.layers[name]) for name, strip in one.layers.items()],
    }


@dataclass(frozen=True)
class _Drawn:
    """Pictures of what was seen, as data URIs: attention, and a row of maps for each layer."""

    attention: str | None
    layers: dict[str, str]


@lru_cache(maxsize=8)  # the untouched image is drawn once for all that follow it
def _drawn(seen: Seen) -> _Drawn:
    attention = None if seen.attention is None else png(heat(seen.pixels, seen.attention))
    return _Drawn(attention, {name: in_a_row(maps) for name, maps in seen.maps.items()})


def _probabilities(before: Seen, after: Seen) -> list[tuple[str, float, float]]:
    """The likeliest classes in the order that the model has them."""
    one, other = before.prediction.probabilities, after.prediction.probabilities
    likely = sorted(one, key=lambda label: max(one[label], other[label]), reverse=True)[:CLASSES]
    return [(label, one[label], other[label]) for label in one if label in likely]


@lru_cache
def _template(name: str) -> "Template":
    return templates(Path(__file__).parent).get_template(f"{name}.html.j2")
