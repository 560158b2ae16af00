"""What became of a candidate: as a record, and as a banner on its report."""

from dataclasses import dataclass

from markupsafe import escape

from constancy.page import VERDICT
from constancy.registry.checks_table import as_html
from constancy.registry.gate import Floor, Paired, Verdict


@dataclass(frozen=True)
class Decision:
    """The contents of decision.json.

    version: None for a model that is no candidate and gets none; alias: what the version is called
    in the registry now; champion_before: the version that was champion when this one was judged;
    both None where there is none.
    """

    verdict: Verdict
    model: str
    version: int | None
    alias: str | None
    champion_before: int | None
    floors: list[Floor]
    comparisons: list[Paired]
    reason: str


def with_verdict(page: str, decision: Decision) -> str:
    """The evaluation's page with a banner that says what became of the model, and all checks."""
    name = decision.model if decision.version is None else f"{decision.model} {decision.version}"
    alias = f", {decision.alias}" if decision.alias else ""
    kind = decision.verdict.replace(" ", "-")
    banner = (
        f'<p class="verdict {kind}"><strong>{escape(name)}{escape(alias)}</strong> '
        f"{escape(decision.reason)}</p>"
    )
    if decision.floors:
        banner += (
            "<details><summary>All checks</summary>"
            f'<div class="scroll">{as_html(decision)}</div></details>'
        )
    return page.replace(VERDICT, banner, 1)
