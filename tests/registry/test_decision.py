"""The verdict stands on the report, as words."""

import pytest
from html_page import Page
from tracked_project import Project

from constancy.page import VERDICT
from constancy.paths import REPORT
from constancy.registry.decision import Decision, with_verdict
from constancy.registry.gate import Verdict


def decided(verdict: Verdict, version: int | None = 3, reason: str = "Reason.") -> Decision:
    alias = "champion" if verdict == "promoted" else None
    return Decision(verdict, "digits", version, alias, None, [], [], reason)


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (decided("promoted"), "digits 3, champion Reason."),
        (decided("refused"), "digits 3 Reason."),
        (decided("left out", version=None), "digits Reason."),
    ],
)
def test_the_banner_says_what_became_of_which_model(decision: Decision, text: str) -> None:
    page = Page(with_verdict(f"<header>{VERDICT}</header>", decision))
    assert page.text.strip() == text
    assert VERDICT not in with_verdict(VERDICT, decision)


def test_a_reason_cannot_break_out_of_the_page() -> None:
    page = Page(with_verdict(VERDICT, decided("refused", reason="<script>alert(1)</script>")))
    assert not page.all("script")
    assert "<script>alert(1)</script>" in page.text


def test_the_report_has_the_verdict_of_the_registration(project: Project) -> None:
    project.register()
    page = Page(REPORT.read_text())
    assert page.text.startswith(f"{project.settings.tracking.model} 1, champion Promoted: every")
