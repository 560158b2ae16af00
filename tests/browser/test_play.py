"""`constancy play` in a browser: pick, upload, draw, drag, and see what the models make of it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import free_port
from play_project import write_play_project

pytest.importorskip("gradio")

MUG = Path(__file__).resolve().parents[2] / "docs/pictures/mug.png"
SECONDS = 20_000  # in ms: what a busy machine may take until the page shows something


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running `constancy play`."""
    folder = tmp_path_factory.mktemp("played")
    write_play_project(folder)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "constancy.cli", "play", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Play: ")
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def seen(visit: Callable[..., Any], address: str) -> Any:
    """A visit to the page, once it shows the first image."""
    found = visit(address, 1400)
    found.page.locator("#varied").wait_for(timeout=SECONDS)
    return found


def picture(page: Any, name: str = "varied") -> str:
    return str(page.locator(f"#{name}").get_attribute("src"))


def wait_for_another(page: Any, before: str, name: str = "varied") -> None:
    page.wait_for_function(
        "([id, before]) => document.getElementById(id)?.src !== before",
        arg=[name, before],
        timeout=SECONDS,
    )


def drag(page: Any, factor: str, share: float) -> None:
    """The slider of a factor, with the mouse, from where it begins to a share of its way."""
    slider = page.get_by_role("slider", name=factor)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + share * box["width"], middle, steps=8)
    page.mouse.up()


def labels(page: Any) -> list[str]:
    """What each model takes the varied image for."""
    return list(page.locator("#models .answer b").all_inner_texts())


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_opens_alone_and_without_complaint(
    visit: Callable[..., Any], address: str, width: int
) -> None:
    found = visit(address, width)
    page = found.page
    page.locator("#varied").wait_for(timeout=SECONDS)
    elsewhere = [
        url for url in found.requests if not url.startswith((address, "data:", f"blob:{address}"))
    ]
    assert elsewhere == []
    assert found.complaints == []
    assert page.get_by_role("heading", level=1).inner_text() == "Play"
    assert page.evaluate("document.documentElement.scrollWidth") == width  # never sideways
    widths = page.evaluate("Array.from(document.images, e => [e.naturalWidth, e.clientWidth])")
    assert len(widths) == 24 + 2 + 2 * (2 + 2 * 2)
    assert all(drawn and shown for drawn, shown in widths)
    assert page.get_by_role("slider").count() == 7
    assert page.locator("footer a").count() == 0


def test_the_challenger_stands_beside_the_champion(seen: Any) -> None:
    champion, challenger = (
        seen.page.get_by_role("region", name=name)
        for name in ("Champion, version 1", "Challenger, version 2")
    )
    one, other = champion.bounding_box(), challenger.bounding_box()
    assert one["x"] + one["width"] < other["x"]
    assert abs(one["y"] - other["y"]) < 2
    for region in (champion, challenger):
        assert region.get_by_role("row").count() == 1 + 10
        assert region.get_by_alt_text("What spoke for").count() == 2
        assert region.get_by_alt_text("Feature maps of blocks.0.2").count() == 2


def test_dragging_viewpoint_changes_the_picture_and_the_label_stays(seen: Any) -> None:
    page = seen.page
    untouched, before, label = picture(page, "untouched"), picture(page), labels(page)[0]
    assert label == "0"
    drag(page, "Viewpoint", 0.4)
    wait_for_another(page, before)
    page.get_by_text("roll ≤").wait_for(timeout=SECONDS)
    assert picture(page, "untouched") == untouched
    assert labels(page)[0] == label
    assert "as untouched" in page.locator("#models .answer").first.inner_text()
    assert "beyond" not in page.locator("#viewpoint-note").inner_text()


def test_a_slider_beyond_the_proven_range_says_so_and_takes_it_back(seen: Any) -> None:
    page = seen.page
    drag(page, "Occlusion", 0.95)
    sentence = page.get_by_text(
        "is beyond what the champion was proven for (up to 4: accuracy 93.0"
    )
    sentence.wait_for(timeout=SECONDS)
    page.get_by_role("button", name="All back to 0").click()
    sentence.wait_for(state="detached", timeout=SECONDS)
    assert picture(page) == picture(page, "untouched")
    assert page.get_by_role("slider", name="Occlusion").input_value() == "0"


def test_what_is_shown_at_last_is_what_the_sliders_say(seen: Any) -> None:
    page = seen.page
    for _ in range(3):  # answers to former moves are on their way when the sliders go back
        before = picture(page)
        for factor in ("Occlusion", "Viewpoint", "Scale"):
            drag(page, factor, 0.9)
        page.get_by_role("button", name="All back to 0").click()
        page.wait_for_function(
            "document.getElementById('varied').src === document.getElementById('untouched').src",
            timeout=SECONDS,
        )
        page.wait_for_timeout(1000)
        assert picture(page) == picture(page, "untouched") == before
        assert page.locator(".beyond").count() == 0


def test_on_a_phone_the_pictures_stay_in_view_while_sliders_move(
    visit: Callable[..., Any], address: str
) -> None:
    page = visit(address, 390).page
    page.locator("#varied").wait_for(timeout=SECONDS)
    before = picture(page)
    drag(page, "Intra-class", 0.9)
    wait_for_another(page, before)
    assert page.evaluate("scrollY") > 300
    assert page.locator("#varied").bounding_box()["y"] >= 0


def test_another_draw_varies_it_otherwise(seen: Any) -> None:
    page = seen.page
    before = picture(page)
    drag(page, "Occlusion", 0.5)
    wait_for_another(page, before)
    page.wait_for_timeout(500)
    hidden = picture(page)
    page.get_by_role("button", name="Another draw").click()
    wait_for_another(page, hidden)


def test_a_text_file_gets_a_clear_message_and_the_page_lives_on(seen: Any, tmp_path: Path) -> None:
    page = seen.page
    note = tmp_path / "diary.png"
    note.write_text("dear diary")
    before = picture(page)
    page.get_by_role("tab", name="Upload").click()
    page.locator("#upload input[type=file]").set_input_files(note)
    told = page.get_by_text("diary.png cannot be read as an image: not an image of a known format")
    told.wait_for(timeout=SECONDS)
    assert told.is_visible()
    assert picture(page) == picture(page, "untouched") == before
    drag(page, "Scale", 0.5)
    wait_for_another(page, before)


def test_an_uploaded_image_takes_the_place_of_the_first(seen: Any) -> None:
    page = seen.page
    before = picture(page, "untouched")
    page.get_by_role("tab", name="Upload").click()
    page.locator("#upload input[type=file]").set_input_files(MUG)
    wait_for_another(page, before, "untouched")
    assert "mug.png" in page.locator("#pictures").inner_text()
    page.get_by_text("nobody said what class").wait_for(timeout=SECONDS)
    assert page.get_by_role("slider", name="Intra-class").is_disabled()
    now = picture(page, "untouched")
    page.locator("#upload input[type=file]").set_input_files(MUG.with_name("report.png"))
    wait_for_another(page, now, "untouched")


def test_a_picked_test_image_is_shown_with_its_class(seen: Any) -> None:
    page = seen.page
    before = picture(page, "untouched")
    page.get_by_role("button", name="Test image, a 7").first.click()
    wait_for_another(page, before, "untouched")
    assert "a 7" in page.locator("#pictures").inner_text()
    page.get_by_label("Class", exact=True).click()
    page.get_by_role("option", name="3", exact=True).click()
    page.wait_for_function(
        "[...document.querySelectorAll('#choice img')].every(e => e.alt === 'Test image, a 3')",
        timeout=SECONDS,
    )
    before = picture(page)
    drag(page, "Intra-class", 0.9)
    wait_for_another(page, before)
    page.get_by_text("from usual to odd").wait_for(timeout=SECONDS)


def test_what_is_drawn_is_looked_at(seen: Any) -> None:
    page = seen.page
    before = picture(page, "untouched")
    page.get_by_role("tab", name="Draw").click()
    canvas = page.locator("#canvas canvas")
    canvas.wait_for(timeout=SECONDS)
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 0.85 * box["height"], steps=8)
    page.mouse.up()
    wait_for_another(page, before, "untouched")
    assert "drawing" in page.locator("#pictures").inner_text()
    assert labels(page)[0] == "1"


def test_a_dark_page_is_dark(visit: Callable[..., Any], address: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    shown = []
    for scheme in ("light", "dark"):
        page = visit(address, 1400, scheme).page
        page.locator("#varied").wait_for(timeout=SECONDS)
        shown.append(page.evaluate(ground))
    assert shown == ["rgb(245, 246, 248)", "rgb(16, 22, 28)"]
