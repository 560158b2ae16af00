"""The data page in a browser: it needs nothing else, fits a phone and shows its images."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from images import encoded

from constancy.data.prepare import read_images
from constancy.data.report import describe_images
from constancy.data.report_page import render_data_report
from constancy.data.table import Sample, write_table
from constancy.settings import load_settings

LABELS = ["cat", "dog", "x" * 120, "<script>alert(1)</script>", "\u0642\u0637\u0629"]
PATH = "a folder/" * 12 + "n" * 90


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page on disk: images of five classes, some doubled, one broken."""
    folder = tmp_path_factory.mktemp("data")
    some = [
        Sample(f"{n}.png", LABELS[n % 5], encoded(n, shape=(12 + n, 20, 3))) for n in range(100)
    ]
    some += [replace(each, path=f"{PATH}{each.path}") for each in some[:40]]
    some.append(Sample(f"{PATH}.png", "cat", b"no image"))
    write_table(some, folder / "raw")
    data = load_settings(Path(__file__).parents[2] / "params.yaml").data
    data = data.model_copy(update={"source": f"folder:/{PATH}"})
    images = read_images(folder / "raw", data, folder / "scratch")
    page = folder / "data.html"
    html = render_data_report(images, describe_images(images, data), [])
    page.write_text(html, encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_opens_alone_and_without_complaint(
    visit: Callable[..., Any], report: str, width: int
) -> None:
    seen = visit(report, width)
    assert [url for url in seen.requests if not url.startswith("data:")] == [report]
    assert seen.complaints == []
    assert seen.page.get_by_role("heading", level=1).inner_text().startswith("Data report")


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_never_scrolls_sideways(
    visit: Callable[..., Any], report: str, width: int
) -> None:
    page = visit(report, width).page
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    content, shown = page.locator(".scroll").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert content <= shown


@pytest.mark.parametrize("width", [390, 1400])
def test_every_image_is_drawn(visit: Callable[..., Any], report: str, width: int) -> None:
    page = visit(report, width).page
    page.get_by_text("Show ").first.click()
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    sizes = page.evaluate(
        "Array.from(document.images, image => [image.naturalWidth, image.clientWidth])"
    )
    assert len(sizes) > 5 * 8 + 40
    assert all(natural and shown >= 40 for natural, shown in sizes)
    assert page.get_by_label("No picture: it cannot be read").is_visible()


def test_a_check_leads_to_what_it_found(visit: Callable[..., Any], report: str) -> None:
    page = visit(report, 1400).page
    page.locator(".checks a").first.click()
    assert page.evaluate("document.querySelector(':target').tagName") == "H2"


def test_bars_are_as_long_as_their_numbers(visit: Callable[..., Any], report: str) -> None:
    page = visit(report, 1400).page
    parts = "e => e.getBoundingClientRect().width"
    row = page.locator(".counts tbody tr").first
    widths = [part.evaluate(parts) for part in row.locator(".bar > span").all()]
    numbers = [int(cell) for cell in row.locator("td").all_inner_texts()]
    assert sum(numbers[:3]) == numbers[3]
    for width, number in zip(widths, numbers, strict=False):
        assert width / sum(widths) == pytest.approx(number / numbers[3], abs=0.02)


def test_a_dark_page_is_dark(visit: Callable[..., Any], report: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(report, 1400, scheme).page for scheme in ("light", "dark"))
    assert light.evaluate(ground) != dark.evaluate(ground)
