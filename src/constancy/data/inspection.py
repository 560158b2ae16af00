"""A source looked at as the stages fetch and prepare would, without leaving anything behind."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from constancy.data.fetch import fetch
from constancy.data.findings import problems
from constancy.data.prepare import read_images
from constancy.data.report import describe_images
from constancy.data.report_page import render_data_report
from constancy.files import write_json, write_text
from constancy.paths import leaving_project_alone
from constancy.settings.data import Data

CLASSES = 20  # shown, at the most


def inspect_source(data: Data, page: Path | None = None, report: Path | None = None) -> str:
    """A description of the source as lines of text; the data report goes to `page`, as JSON to
    `report`, if given.

    Raises UserError for a source that cannot be read at all.
    """
    with TemporaryDirectory(prefix="constancy-") as folder:
        raw = Path(folder) / "raw"
        with leaving_project_alone(Path(folder)):
            fetched = fetch(data, raw)
        images = read_images(raw, data, Path(folder) / "decoded.bin")
        summary = describe_images(images, data)
        stops = problems(images.found, images.table, data.quality)
        if page is not None:
            write_text(page, render_data_report(images, summary, stops))
        if report is not None:
            write_json(report, summary)
    return "\n".join(_lines(summary, fetched["skipped"], stops))


def _lines(summary: dict[str, Any], skipped: dict[str, int], stops: list[str]) -> list[str]:
    splits = ", ".join(f"{count:,} {name}" for name, count in summary["splits"].items())
    formats = ", ".join(f"{count:,} {name}" for name, count in summary["formats"].items())
    passed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(skipped.items()))
    lines = [
        f"Source   {summary['source']}",
        f"Files    {summary['files']:,}: {formats or 'none that can be read'}",
        f"Skipped  {passed or 'none'}",
        *(f"{side.capitalize():8} {_range(values)}" for side, values in summary["sizes"].items()),
        f"Images   {summary['images']:,} to work with: {splits}",
        *([f"Groups   {summary['groups']:,}"] if summary["groups"] else []),
        *_classes(summary["classes"]),
    ]
    lines += [f"Check    {warning}" for warning in summary["warnings"]]
    return lines + [f"Stops    {problem}" for problem in stops]


def _classes(classes: dict[str, dict[str, int]]) -> list[str]:
    counts = sorted(((sum(splits.values()), label) for label, splits in classes.items()))[::-1]
    shown = ", ".join(f"{label} {count:,}" for count, label in counts[:CLASSES])
    more = f", and {len(counts) - CLASSES} smaller ones" if len(counts) > CLASSES else ""
    return [f"Classes  {len(counts)}: {shown}{more}"]


def _range(values: list[int]) -> str:
    if not values:
        return "unknown"
    least, median, greatest = values
    if least == greatest:
        return f"{least:,} pixels"
    return f"{least:,} to {greatest:,} pixels, half of them up to {median:,}"
