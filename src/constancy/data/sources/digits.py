"""The embedded data set: scikit-learn's 1,797 handwritten digits."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from constancy.data.sources.source import Source
from constancy.data.table import Sample


@contextmanager
def open_digits() -> Iterator[Source]:
    """The digits of Alpaydin and Kaynak (1998, UCI), 8 x 8 pixels, as PNG files."""
    yield Source(1797, _samples())


def _samples() -> Iterator[Sample]:
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        buffer = io.BytesIO()
        # The set counts ink from 0 to 16.
        Image.fromarray((pixels * 255 / 16).round().astype(np.uint8)).save(buffer, "PNG")
        yield Sample(f"{label}/{number:04d}.png", str(label), buffer.getvalue())
