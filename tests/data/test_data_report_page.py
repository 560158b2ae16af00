"""The data page tells of every check, shows what was flagged, and cannot be broken out of."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from html_page import Page
from images import encoded

from constancy.data import report_page
from constancy.data.findings import problems
from constancy.data.prepare import read_images
from constancy.data.report import describe_images
from constancy.data.report_page import headline, render_data_report
from constancy.data.table import Sample, write_table
from constancy.settings.data import Data

LIMIT = 8_000_000
HOSTILE = [
    '<b>"bold"</b>',
    "<script>alert(1)</script>",
    "'onload='x",
    "{{ 7 * 7 }}",
    "</style><h1>",
    "\u202egnp.exe",
    "a" * 120,
]


def samples(classes: Iterable[str], each: int, first: int = 0, **given: Any) -> list[Sample]:
    """So many images of each class, no two of them alike."""
    labels = [label for label in classes for _ in range(each)]
    return [
        Sample(f"{label}/{number}.png", label, encoded(number, **given))
        for number, label in enumerate(labels, first)
    ]


def flawed() -> list[Sample]:
    """Two classes of 30 with two copies, one image under both labels, and a file that is none."""
    good = samples(["cat", "dog"], 30)
    one, two, other = good[0], good[1], good[40]
    return [
        *good,
        replace(one, path="cat/again.png"),
        replace(two, path="cat/once more.png"),
        replace(other, path="cat/other.png", label="cat"),
        Sample("dog/broken.png", "dog", b"no image"),
        Sample("dog/wide.png", "dog", encoded(999, shape=(10, 90, 3))),
    ]


Render = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def render(tmp_path: Path, params: dict) -> Render:
    """A function that renders samples: (samples, size=16, **changes of data.quality)."""

    def rendered(some: list[Sample], size: int = 16, **quality: dict) -> tuple:
        settings = params["data"]
        changed = {name: settings["quality"][name] | change for name, change in quality.items()}
        image = {"size": size, "color": "rgb", "fit": "pad"}
        data = Data.model_validate(
            settings | {"image": image, "quality": settings["quality"] | changed}
        )
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        write_table(some, folder / "raw")
        images = read_images(folder / "raw", data, folder / "scratch")
        summary = describe_images(images, data)
        stops = problems(images.found, images.table, data.quality)
        return render_data_report(images, summary, stops), summary

    return rendered


@pytest.fixture
def loose() -> dict[str, dict]:
    """Limits that let the flawed images through, each in its place."""
    return {"unreadable": {"at_most": 0.1}}


def test_the_page_is_built_for_every_reader(render: Render, loose: dict) -> None:
    html, _ = render(flawed(), **loose)
    page = Page(html)
    page.assert_built_for_every_reader()
    assert {(link["href"] or "")[1:] for link in page.all("a")} <= set(page.ids())
    assert all((image["alt"] or "").strip() for image in page.all("img"))


def test_nothing_is_loaded_from_anywhere(render: Render, loose: dict) -> None:
    html, _ = render(flawed(), **loose)
    for tag, attributes in Page(html).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "srcset", "action", "poster", "data"):
            assert (attributes.get(name) or "data:image/").startswith("data:image/")
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"https?://|url\(|@import", html)
    assert "default-src 'none'; img-src data:" in html


def test_whatever_was_flagged_is_shown_with_its_reason(render: Render, loose: dict) -> None:
    html, summary = render(flawed(), **loose)
    page = Page(html)
    found = {flag["check"] for flag in summary["flagged"]}
    assert {"unreadable", "conflicting_labels", "sizes"} <= found
    assert found & {"exact_duplicates", "leakage"}
    assert headline(summary, []) in page.text
    for warning in summary["warnings"]:
        assert warning in page.text
    for flag in summary["flagged"]:
        for key in ("id", "path", "reason", "other_id", "other_path"):
            assert flag.get(key, "") in page.text
    compared = sum("other_id" in flag for flag in summary["flagged"])
    unreadable = summary["checks"]["unreadable"]["flagged"]
    alts = [image["alt"] or "" for image in page.all("img")]
    assert sum(alt.startswith("The image that it is compared with") for alt in alts) == compared
    shown = sum(alt.startswith("The flagged image") for alt in alts)
    assert shown == len(summary["flagged"]) - unreadable
    assert html.count("it cannot be read") == unreadable == 1


def test_each_class_stands_in_the_table_with_its_counts(render: Render) -> None:
    html, summary = render(samples(["cat", "dog"], 30))
    text = Page(html).text
    for label, counts in summary["classes"].items():
        numbers = [*counts.values(), sum(counts.values())]
        row = r"\s+".join([label, *map(str, numbers)])
        assert re.search(rf"\b{row}\b", text)
    assert "60 images in 2 classes; no file left out" in text


def test_samples_show_every_class_alike_and_only_what_remains(render: Render) -> None:
    html, _ = render(samples(["cat", "dog", "owl"], 12))
    alts = [image["alt"] for image in Page(html).all("img")]
    of_each = [f"{label}, image {n} of 8" for label in ("cat", "dog", "owl") for n in range(1, 9)]
    assert [alt for alt in alts if "image" in (alt or "") and " of 8" in (alt or "")] == of_each


def test_refused_data_say_why(render: Render) -> None:
    some = [*samples(["cat", "dog"], 30), *samples(["owl"], 2, 100)]
    html, summary = render(some, small_class={"minimum": 5})
    assert summary["checks"]["small_class"] == {"action": "fail", "minimum": 5, "flagged": 1}
    text = Page(html).text
    assert "What stands in the way" in text
    assert "data.quality.small_class: class 'owl' has 2 of the 5 images" in text
    assert "refused for 1 problem" in text
    assert "stops the stage" in text


def test_good_data_have_no_alarm(render: Render) -> None:
    html, _ = render(samples(["cat", "dog"], 30))
    assert "What stands in the way" not in html


@pytest.mark.parametrize("data", [b"no image", encoded(1)], ids=["nothing to read", "one image"])
def test_a_page_is_made_even_of_next_to_nothing(render: Render, data: bytes) -> None:
    html, _ = render([Sample("cat/1.png", "cat", data)])
    assert "What stands in the way" in Page(html).text


def test_names_and_reasons_cannot_break_out(render: Render) -> None:
    some = samples(HOSTILE, 12)
    some += [
        replace(each, path=f'x/"><img src=x onerror=alert({n})>{each.path}')
        for n, each in enumerate(some[::12])
    ]
    some.append(Sample("<i>/x.png", HOSTILE[1], b"", problem="<script>alert('reason')</script>"))
    html, summary = render(some, unreadable={"at_most": 0.5})
    page = Page(html)
    assert summary["flagged"]
    assert not any(page.all(tag) for tag in ("b", "i", "script"))
    assert len(page.all("style")) == len(page.all("h1")) == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "<script>alert('reason')</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "<bdi>\u202egnp.exe</bdi>" in html


def test_the_same_images_give_the_same_page(render: Render, loose: dict) -> None:
    assert render(flawed(), **loose)[0] == render(flawed()[::-1], **loose)[0]


def test_many_classes_stay_usable(render: Render) -> None:
    labels = [f"class {number:03d}" for number in range(300)]
    splits = ["train", "validation", "test"] * len(labels)
    some = [
        replace(one, split=split) for one, split in zip(samples(labels, 3), splits, strict=True)
    ]
    html, summary = render(some, small_class={"action": "warn"})
    page = Page(html)
    assert summary["warnings"][-1] == "small_class: 290 classes more"
    assert len(summary["flagged"]) == 300
    assert all(f"<bdi>{label}</bdi>" in html for label in labels)
    alts = [image["alt"] or "" for image in page.all("img")]
    assert len(alts) == report_page.SAMPLES
    assert alts[0].startswith("class 000")
    assert alts[-1].startswith("class 299")
    assert "160 of 300 classes" in " ".join(page.text.split())
    assert len(html) < LIMIT / 8


def test_more_classes_than_the_table_holds_are_counted(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_page, "CLASSES", 3)
    html, _ = render(samples("abcde", 12))
    assert "The first 3 of 5 classes" in Page(html).text


def test_the_largest_page_stays_below_eight_megabytes(render: Render) -> None:
    """Noise of 100 x 100 pixels, every image of it a duplicate, under names that swell."""
    classes = ['"' * 119 + each for each in "abcdefgh"]
    some = samples(classes, 40, shape=(100, 100, 3))
    some += [replace(each, path=f"{n}{'<' * 200}") for n, each in enumerate(some * 2)]
    html, summary = render(some, size=100)
    assert len(summary["flagged"]) > 600
    assert len(html.encode()) < LIMIT
    assert re.search(r"The first \d+ of \d+; the report as JSON lists all", Page(html).text)


def test_a_flood_of_findings_is_cut_at_so_many_of_each_check(
    render: Render, monkeypatch: pytest.MonkeyPatch, loose: dict
) -> None:
    monkeypatch.setattr(report_page, "FLAGGED", 15)
    some = samples(["cat", "dog"], 30)
    html, summary = render(some + [replace(each, path=f"x{each.path}") for each in some])
    check = next(name for name, each in summary["checks"].items() if each["flagged"] > 15)
    told = f"The first 15 of {summary['checks'][check]['flagged']}; the report as JSON lists all."
    assert told in Page(html).text
    assert "Show 3 more" in html


@pytest.mark.parametrize(
    ("least", "most", "edges"),
    [
        (28, 28, [28, 29]),
        (95, 118, [95, 100, 105, 110, 115, 120]),
        (100, 118, [100, 102, 104, 106, 108, 110, 112, 114, 116, 118, 120]),
        (100, 3024, [64, 128, 256, 512, 1024, 2048, 4096]),
        (1, 20, [1, 2, 4, 8, 16, 32]),
    ],
)
def test_bins_begin_at_round_numbers(least: int, most: int, edges: list[int]) -> None:
    found = report_page._edges(least, most).tolist()
    assert found == edges
    assert found[0] <= least
    assert found[-1] > most


def test_the_headline_is_one_plain_sentence() -> None:
    summary = {"images": 1200, "files": 1201, "classes": {"a": {}, "b": {}}, "warnings": []}
    assert (
        headline(summary, []) == "1,200 images in 2 classes; 1 file left out; nothing was flagged."
    )
    told = headline(summary | {"warnings": ["one", "two"], "files": 1200}, ["bad"])
    assert told == "1,200 images in 2 classes; no file left out; 2 warnings; refused for 1 problem."


def test_limits_that_the_summary_tells_are_shown() -> None:
    assert report_page._limits({"action": "warn", "flagged": 0}) == ""
    check = {"action": "warn", "side": 8, "ratio": 0.5, "flagged": 3}
    assert report_page._limits(check) == "side 8, ratio 0.5"
