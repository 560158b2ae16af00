"""All checks of a judgement as one table: in Markdown and in HTML."""

from collections.abc import Sequence
from typing import Protocol

from markupsafe import Markup, escape

from constancy.registry.gate import Floor, Paired

_HEAD = ("check", "candidate", "limit", "outcome")
_BESIDE = ("check", "candidate", "limit", "champion", "gain, 95 %", "margin", "outcome")


class Checked(Protocol):
    """What has checks: a judgement, or the decision that it led to."""

    @property
    def floors(self) -> list[Floor]: ...

    @property
    def comparisons(self) -> list[Paired]: ...


def as_markdown(checked: Checked) -> str:
    """The table for a page in Markdown, such as a comment on a pull request."""
    head, *rows = _rows(checked)
    aligned = ("---", *["---:"] * (len(head) - 2), "---")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, aligned, *rows))


def as_html(checked: Checked) -> Markup:
    """The table for a page of ours."""
    names, *rows = _rows(checked)
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in names)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(each)}</td>" for each in row[1:])
        + "</tr>"
        for row in rows
    )
    return Markup(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")  # noqa: S704 -- escaped above


def _rows(checked: Checked) -> list[Sequence[str]]:
    """The table's head, and a row for each check; of a comparison only where there is one."""
    floors = {each.name: each for each in checked.floors}
    paired = {each.name: each for each in checked.comparisons}
    rows = [_row(name, floors.get(name), paired.get(name)) for name in floors | paired]
    if paired:
        return [_BESIDE, *rows]
    return [_HEAD, *((*row[:3], row[-1]) for row in rows)]


def _row(name: str, floor: Floor | None, beside: Paired | None) -> Sequence[str]:
    value = floor.value if floor else beside.value if beside else 0.0
    outcomes = [] if floor is None else ["held" if floor.held else "not held"]
    if beside is None:
        compared = ["", "", ""]
    else:
        low, high = beside.interval
        compared = [
            f"{beside.champion:.4f}",
            f"{beside.gain:+.4f} ({low:+.4f} to {high:+.4f})",
            f"{beside.margin:g}",
        ]
        needed = f" (about {beside.images_needed:,} images)" if beside.images_needed else ""
        outcomes.append(f"{beside.standing}{needed}")
    limit = f"{floor.limit:g}" if floor else ""
    return [name, f"{value:.4f}", limit, *compared, ", ".join(outcomes)]
