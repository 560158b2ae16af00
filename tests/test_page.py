"""What every report page is made with."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image as Pillow

from constancy.page import LARGEST, SHARPEST, clip, count, percent, points, render, thumbnail


def test_values_are_escaped_and_the_style_is_not(tmp_path: Path) -> None:
    template = tmp_path / "page.txt"  # escaped though it is not called .html
    template.write_text(
        "<style>{{ style }}</style>{{ name }}|{{ number | count }}|{{ 'a' | twice }}"
    )
    html = render(template, {"twice": lambda text: 2 * text}, name="<b>", number=1234)
    assert html.endswith("</style>&lt;b&gt;|1,234|aa")
    assert 'font: 1rem/1.5 system-ui, "Segoe UI"' in html


def test_a_value_that_is_missing_is_no_blank(tmp_path: Path) -> None:
    (tmp_path / "page.j2").write_text("{{ nothing }}")
    with pytest.raises(UndefinedError):
        render(tmp_path / "page.j2")


def test_numbers_are_readable() -> None:
    assert count(1234567) == "1,234,567"
    assert percent(0.5) == "50.0\u202f%"
    assert points(0.99999) == "99.9"
    assert (points(0), points(1e-5), points(0.001)) == ("0.0", "<0.1", "0.1")


def test_long_texts_lose_their_middle() -> None:
    assert clip("a" * 10, 10) == "a" * 10
    assert clip("a" * 50 + "z" * 50, 10) == "aaaaa \u2026 zzzzz"


@pytest.mark.parametrize("shape", [(16, 16, 1), (32, 32, 3), (200, 100, 3)])
def test_thumbnails_are_sharp_while_they_are_small(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    kind, data = thumbnail(pixels).split(";base64,")
    picture = Pillow.open(io.BytesIO(base64.b64decode(data)))
    if max(shape) <= SHARPEST:
        assert kind == "data:image/png"
        np.testing.assert_array_equal(np.asarray(picture), np.squeeze(pixels))
    else:
        assert kind == "data:image/webp"
        assert max(picture.size) == LARGEST
