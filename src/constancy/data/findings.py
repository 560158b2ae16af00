"""What the checks found, in words: what stops the stage, and what it only warns of."""

from constancy.data.decode import DecodedTable
from constancy.data.packed import SPLITS
from constancy.data.quality import Flag, Inspection
from constancy.settings.quality import Quality

_LINES = 10  # classes that are named for each check


def problems(found: Inspection, table: DecodedTable, quality: Quality) -> list[str]:
    """What stands in the way of training on these images: a sentence each; none is well."""
    told = []
    for check in quality.model_dump():
        flags = found.of(check)
        if check == "unreadable" and len(flags) > quality.unreadable.at_most * len(table):
            told.append(
                f"{len(flags):,} of {len(table):,} files cannot be read as images, more than "
                f"data.quality.unreadable.at_most = {quality.unreadable.at_most:g} allows; the "
                f"first is {_first(flags, table)}: mend or remove them, or raise the limit"
            )
        elif flags and flags[0].action == "fail":
            told.append(_failure(check, flags, table))
    return told + _impossible(found)


def warnings(found: Inspection, table: DecodedTable, quality: Quality) -> list[str]:
    """A line for each check that found something and lets the stage go on."""
    lines = []
    for check in quality.model_dump():
        flags = [flag for flag in found.of(check) if flag.action != "fail"]
        if not flags:
            continue
        left_out = flags[0].action == "drop"
        if flags[0].row is None:
            end = ": left out" if left_out else ""
            classes = [flag for flag in flags if flag.row is None]
            lines += [
                f"{check}: class '{flag.label}' {flag.reason}{end}" for flag in classes[:_LINES]
            ]
            if len(classes) > _LINES:
                lines.append(f"{check}: {len(classes) - _LINES:,} classes more{end}")
        else:
            done = "left out" if left_out else "kept"
            lines.append(f"{check}: {images(len(flags))} {done}, such as {_first(flags, table)}")
    if not found.compared_all:
        lines.append(
            "near_duplicates: so many images are alike that each was compared with the first and the "
            "nearest of its kind alone"
        )
    return lines


def images(count: int) -> str:
    """So many images, in words."""
    return "1 image" if count == 1 else f"{count:,} images"


def _first(flags: list[Flag], table: DecodedTable) -> str:
    return f"{table.facts['path'][flags[0].row]} ({flags[0].reason})"


def _failure(check: str, flags: list[Flag], table: DecodedTable) -> str:
    if flags[0].row is None:
        return (
            f"data.quality.{check}: class '{flags[0].label}' {flags[0].reason}: add images, remove "
            "the class, or change the limit"
        )
    return (
        f"data.quality.{check}: {images(len(flags))} flagged; the first is {_first(flags, table)}: "
        "mend or remove them, or set action to another than fail"
    )


def _impossible(found: Inspection) -> list[str]:
    counts = found.counts()
    if len(counts) < 2:
        return [
            f"data.source: only one class was found ('{next(iter(counts), '')}'): "
            "there must be at least two folders with images"
        ]
    told = [
        f"the {name} split is empty{_why_empty(found, name)}: add images, or change data.split"
        for name in SPLITS
        if not any(splits[name] for splits in counts.values())
    ]
    return told + [
        f"class '{label}' has no image to train on: add some, or remove the class"
        for label, splits in counts.items()
        if not splits["train"]
    ]


def _why_empty(found: Inspection, split: str) -> str:
    """The check that left most of a split's images out, in a clause; nothing if none did."""
    checks = found.dropped_from(split).most_common(1)
    return "".join(f" ({images(count)} left out by data.quality.{name})" for name, count in checks)
