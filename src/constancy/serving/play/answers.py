"""What the page answers when somebody touches it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from constancy.serving.play import picture
from constancy.serving.play.bring import NotBroughtError, decode_drawing, read_upload
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import Subject
from constancy.settings.base import FACTORS, INTRA_CLASS

BEGIN = '<p class="note begin">Upload or draw an image to begin.</p>'

_SWAP = FACTORS.index(INTRA_CLASS)
_SHOWN = 3 + len(FACTORS)


class Answers:
    """Each answer is a list for outputs in this order.

    *shown*: the pictures, what models make of them, what is to be said of several factors at once,
    and a note for each. *taken*: the subject, the status, the slider of intra-class, and what is
    shown. severities: of all sliders, in the order of FACTORS.
    """

    def __init__(self, playground: Playground) -> None:
        self.playground = playground

    def show(self, subject: Subject | None, draw: int, *severities: float) -> list[Any]:
        """Gives *shown*."""
        if subject is None:
            return [BEGIN, *[""] * (_SHOWN - 1)]
        by_factor = dict(zip(FACTORS, severities, strict=True))
        together = self.playground.proven.beyond_together(by_factor)
        return [
            *picture.outcome(self.playground, subject, by_factor, draw),
            picture.warnings([together] if together else []),
            *(
                picture.note(self.playground, subject, name, severity, draw)
                for name, severity in by_factor.items()
            ),
        ]

    def pick(self, event: gr.EventData, draw: int, *severities: float) -> list[Any]:
        """A test image, by its row. Gives *taken*."""
        return self._take(lambda: self.playground.picked(int(event.row)), draw, severities)

    def upload(self, path: str, draw: int, *severities: float) -> list[Any]:
        """Gives *taken*, and nothing in the place of the file, so that another one can follow."""
        found = self._take(lambda: read_upload(self.playground, Path(path)), draw, severities)
        return [*found, None]

    def drawn(self, event: gr.EventData, draw: int, *severities: float) -> list[Any]:
        """Gives *taken*."""
        return self._take(lambda: decode_drawing(self.playground, event.png), draw, severities)

    def redraw(self, subject: Subject | None, draw: int, *severities: float) -> list[Any]:
        """Gives the next draw, and *shown*."""
        return [draw + 1, *self.show(subject, draw + 1, *severities)]

    def reset(self, subject: Subject | None, draw: int) -> list[Any]:
        """Gives all severities, and *shown*."""
        zeros = [0.0] * len(FACTORS)
        return [*zeros, *self.show(subject, draw, *zeros)]

    def choose(self, label: int) -> str:
        """Test images to pick from: of a class, below 0 of all."""
        return picture.choice(self.playground, label if label >= 0 else None)

    def _take(
        self, bring: Callable[[], Subject], draw: int, severities: tuple[float, ...]
    ) -> list[Any]:
        try:
            subject = bring()
        except NotBroughtError as error:  # what is shown stays
            return [gr.skip(), picture.warnings([str(error)]), *[gr.skip()] * (1 + _SHOWN)]
        able, values = self.playground.varier.can_swap(subject), list(severities)
        values[_SWAP] *= able
        swap = gr.update(interactive=able, value=values[_SWAP])
        return [subject, "", swap, *self.show(subject, draw, *values)]
