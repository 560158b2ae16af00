"""A comparison for people: lines for the terminal, and a page."""

from pathlib import Path

from constancy.evaluation.compared import Comparison
from constancy.evaluation.predictions import Predictions
from constancy.page import render

SHOWN = 200  # changed images that the page lists, of each kind


def comparison_lines(comparison: Comparison, before: str, after: str) -> str:
    """A table, and what changed, as lines of text."""
    width = max(8, len(before), len(after))
    lines = [f"{'':14}{before:>{width}}  {after:>{width}}   change   95 % interval"]
    for each in comparison.differences:
        low, high = each.interval
        p = "" if each.p is None else f"   p {each.p:.3g}"
        lines.append(
            f"{each.name:14}{each.before:{width}.4f}  {each.after:{width}.4f}  "
            f"{each.difference:+.4f}   {low:+.4f} to {high:+.4f}   {each.verdict}{p}".rstrip()
        )
    if comparison.same:
        lines.append("both give the very same answers: one model, or two of the same weights")
    lines.append(
        f"clean images: {len(comparison.mended):,} right that were wrong, "
        f"{len(comparison.broken):,} wrong that were right, "
        f"{len(comparison.otherwise):,} wrong in another way"
    )
    return "\n".join(lines)


def render_comparison(
    comparison: Comparison, before: str, after: str, answered: Predictions
) -> str:
    """The page, which holds all that it needs.

    before, after: what the models are called; answered: the answers of either.
    """
    return render(
        Path(__file__).with_name("comparison_page.html.j2"),
        comparison=comparison,
        before=before,
        after=after,
        answered=answered,
        classes=answered.classes,
        shown=SHOWN,
        lists=[
            ("Right that were wrong", comparison.mended),
            ("Wrong that were right", comparison.broken),
            ("Wrong in another way", comparison.otherwise),
        ],
    )
