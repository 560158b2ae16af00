"""Where a model comes from, on its report."""

from html_page import Page

from constancy.page import ORIGIN
from constancy.registry.lineage import COMMIT_TAG, DIRTY_TAG, LOCK_TAG
from constancy.registry.origin import with_origin

TAGS = {COMMIT_TAG: "c0ffee", "data/prepared.md5": "5ad.dir", LOCK_TAG: "10c", DIRTY_TAG: "false"}


def test_code_data_and_libraries_stand_on_the_page() -> None:
    page = with_origin(f"<dl>{ORIGIN}</dl>", TAGS)
    text = " ".join(Page(page.replace("<d", " <d")).text.split())
    assert (
        "Commit c0ffee data/prepared (MD5, by DVC) 5ad.dir requirements.lock (SHA-256) 10c" in text
    )
    assert ORIGIN not in page


def test_what_is_not_known_is_left_out() -> None:
    assert with_origin(f"<dl>{ORIGIN}</dl>", {}) == "<dl></dl>"


def test_changes_that_were_not_committed_are_told() -> None:
    page = with_origin(ORIGIN, TAGS | {DIRTY_TAG: "true"})
    assert "c0ffee, and changes that were not committed" in page


def test_tags_are_text() -> None:
    page = with_origin(ORIGIN, {COMMIT_TAG: "<script>alert(1)</script>"})
    assert "<script>" not in page
