"""Labels and paths as the rest may rely on them, whatever the source called things."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from constancy.data.table import Sample
from constancy.errors import UserError

MAX_LABEL = 120
"""Characters; a longer name fits no table, tag or file name."""

_BREAKING = frozenset(["Cc", "Cs", "Zl", "Zp"])
"""Categories of characters that end lines, steer terminals, or are no text."""


def with_clean_labels(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples with labels of `clean_label` and paths of `printable`.

    Raises UserError as `clean_label` does, and at the end for two labels that differ in case, or in
    what cannot be seen, alone: they are one class misspelt far more often than two.
    """
    known: dict[str, str] = {}  # what a source calls a class: what it is called here
    for sample in samples:
        if sample.label not in known:
            known[sample.label] = clean_label(sample.label, sample.path)
        label, path = known[sample.label], printable(sample.path)
        changed = (label, path) != (sample.label, sample.path)
        yield replace(sample, label=label, path=path) if changed else sample
    _check_likeness(sorted(set(known.values())))


def clean_label(label: str, path: str) -> str:
    """The label in Unicode's composed form (NFC), without white space around it.

    path: of an image that bears it, for the message. Raises UserError for a label that is empty,
    has control characters or bytes that are no text, or is longer than MAX_LABEL.
    """
    clean = unicodedata.normalize("NFC", label).strip()
    shown = printable(path)
    if not _visible(clean).strip():
        raise UserError(f"data.source: {shown} has an empty label: name its class")
    if any(unicodedata.category(each) in _BREAKING for each in clean):
        raise UserError(
            f"data.source: the label '{printable(clean)}' of {shown} holds characters that cannot "
            "be printed: rename the class"
        )
    if len(clean) > MAX_LABEL:
        raise UserError(
            f"data.source: the label of {shown[:MAX_LABEL]}... has {len(clean)} characters: "
            f"shorten it to {MAX_LABEL} at the most"
        )
    return clean


def printable(text: str) -> str:
    r"""Text that any terminal, table and page can show: what cannot be is escaped, as in \\n."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def _visible(text: str) -> str:
    """Without marks that only direct or join what stands beside them."""
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


def _check_likeness(labels: list[str]) -> None:
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(_visible(label).casefold(), label)
        if other != label:
            same = other.casefold() != label.casefold()
            how = "characters that cannot be seen" if same else "upper and lower case"
            raise UserError(
                f"data.source: the classes '{printable(other)}' and '{printable(label)}' differ in "
                f"{how} alone: rename one of them, or join them"
            )
