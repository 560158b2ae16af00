"""What the page answers when somebody touches it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from constancy.serving.play import picture
from constancy.serving.play.bring import NotBroughtError, decode_drawing, read_upload
from constancy.serving.play.playground import Playground
from constancy.serving.play.vary import Subject
from constancy.settings.base import FACTORS

BEGIN = '<p class="note begin">Upload or draw an image to begin.</p>'

_SHOWN = 3 + len(FACTORS)


class Answers:
    """Each answer is a list for outputs in this order.

    *shown*: the pictures, what models make of them, what is to be said of several factors at once,
    and a note for each. *taken*: the subject, the status, the slider of intra-class, and the next
    turn, by which the page knows that there is something to show.
    """

    def __init__(self, playground: Playground) -> None:
        self.playground = playground

    def show(self, subject: Subject | None, draw: int, *severities: float) -> list[Any]:
        """Gives *shown*. severities: of all sliders, in the order of FACTORS."""
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

    def pick(self, event: gr.EventData, turn: int) -> list[Any]:
        """A test image, by its row. Gives *taken*."""
        return self._take(lambda: self.playground.picked(int(event.row)), turn)

    def upload(self, path: str, turn: int) -> list[Any]:
        """Gives *taken*, and nothing in the place of the file, so that another one can follow."""
        return [*self._take(lambda: read_upload(self.playground, Path(path)), turn), None]

    def drawn(self, event: gr.EventData, turn: int) -> list[Any]:
        """Gives *taken*."""
        return self._take(lambda: decode_drawing(self.playground, event.png), turn)

    def choose(self, label: int) -> str:
        """Test images to pick from: of a class, below 0 of all."""
        return picture.choice(self.playground, label if label >= 0 else None)

    def _take(self, bring: Callable[[], Subject], turn: int) -> list[Any]:
        try:
            subject = bring()
        except NotBroughtError as error:  # what is shown stays
            return [gr.skip(), picture.warnings([str(error)]), gr.skip(), gr.skip()]
        able = self.playground.varier.can_swap(subject)
        swap = gr.update(interactive=True) if able else gr.update(interactive=False, value=0.0)
        return [subject, "", swap, turn + 1]
