from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from scored_project import scored, training, write_project

from constancy.evaluation.compared import compare
from constancy.evaluation.comparison_page import render_comparison
from constancy.evaluation.report import render_report
from constancy.evaluation.write import predictions_of
from constancy.experiments.why_convolution import Outcome, pixel_order
from constancy.experiments.why_convolution_page import render_why_convolution
from constancy.registry.decision import Decision, with_verdict

HEADINGS = {
    "report": "Evaluation report",
    "comparison": "Comparison",
    "why convolution": "Experiment",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of pages on disk: a report with its verdict, and the others that there are."""
    folder = tmp_path_factory.mktemp("pages")
    write_project(folder, size=16, suite_images=20, epochs=2)
    evaluation = scored(folder)
    one = predictions_of(evaluation)
    other = replace(one, clean=one.clean[:, ::-1])
    images = evaluation.split.images
    outcomes = [Outcome(name, 0.951, 0.9, (0.02, 0.08), 270) for name in ("dense", "convolutional")]
    decision = Decision(
        "refused", "digits", 3, None, 2, [], [], "Refused: below the floor in scale."
    )
    texts = {
        "report": with_verdict(render_report(evaluation, *training(folder)), decision),
        "comparison": render_comparison(compare(one, other), "digits 3", "reports", one),
        "why convolution": render_why_convolution(
            outcomes, images, pixel_order(16, 0), [str(label) for label in evaluation.split.labels]
        ),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in texts}


@pytest.fixture(scope="module")
def report(pages: dict[str, str]) -> str:
    return pages["report"]


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", HEADINGS)
def test_pages_open_alone_and_without_complaint(
    visit: Callable[..., Any], pages: dict[str, str], name: str, width: int
) -> None:
    seen = visit(pages[name], width)
    assert [url for url in seen.requests if not url.startswith("data:")] == [pages[name]]
    assert seen.complaints == []
    assert seen.page.get_by_role("heading", level=1).inner_text() == HEADINGS[name]
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width  # never sideways
    widths = seen.page.evaluate(
        "Array.from(document.images, each => [each.naturalWidth, each.clientWidth])"
    )
    assert all(drawn and shown for drawn, shown in widths)
    assert widths or name == "comparison"


def test_the_verdict_stands_on_the_report(visit: Callable[..., Any], report: str) -> None:
    shown = visit(report, 390).page.locator(".verdict")
    assert shown.is_visible()
    assert "digits 3 Refused: below the floor in scale." in shown.inner_text()


def test_intervals_are_seen_on_a_phone(visit: Callable[..., Any], report: str) -> None:
    assert visit(report, 390).page.locator(".heat td small").first.is_visible()


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
