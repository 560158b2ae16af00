from collections.abc import Callable
from typing import Any

import pytest
from scored_project import scored, write_project

from constancy.evaluation.history import load_history
from constancy.evaluation.report import render_report
from constancy.paths import HISTORY


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on disk."""
    folder = tmp_path_factory.mktemp("report")
    write_project(folder, size=16, suite_images=20, epochs=2)
    page = folder / "report.html"
    page.write_text(render_report(scored(folder), load_history(folder / HISTORY)), "utf-8")
    return page.as_uri()


@pytest.mark.parametrize("width", [390, 1400])
def test_the_report_opens_alone_and_without_complaint(
    visit: Callable[..., Any], report: str, width: int
) -> None:
    seen = visit(report, width)
    assert [url for url in seen.requests if not url.startswith("data:")] == [report]
    assert seen.complaints == []
    assert seen.page.get_by_role("heading", level=1).inner_text() == "Evaluation report"


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_never_scrolls_sideways(
    visit: Callable[..., Any], report: str, width: int
) -> None:
    page = visit(report, width).page
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_image_is_drawn(visit: Callable[..., Any], report: str) -> None:
    page = visit(report, 1400).page
    widths = page.evaluate("Array.from(document.images, image => image.naturalWidth)")
    assert len(widths) > 4 + 5 * (1 + 7 * 5)
    assert all(widths)


def test_numbers_of_the_table_stay_on_one_line_on_a_phone(
    visit: Callable[..., Any], report: str
) -> None:
    page = visit(report, 390).page
    scroll = "e => [e.scrollWidth, e.clientWidth]"
    content, shown = page.locator(".scroll").first.evaluate(scroll)
    assert content <= shown


def test_a_dark_page_gets_dark_figures(visit: Callable[..., Any], report: str) -> None:
    source = "document.querySelector('picture img').currentSrc"
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(report, 1400, scheme).page for scheme in ("light", "dark"))
    assert light.evaluate(source) != dark.evaluate(source)
    assert light.evaluate(ground) != dark.evaluate(ground)
