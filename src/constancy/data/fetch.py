"""From a source to the image table."""

from pathlib import Path
from typing import Any

from constancy.addresses import without_secrets
from constancy.data.sources import open_source
from constancy.data.table import write_table
from constancy.errors import UserError
from constancy.progress import counted, progress
from constancy.settings.data import Data


def fetch(data: Data, raw: Path) -> dict[str, Any]:
    """Read the source into a new image table in `raw`; returns what reports/fetch.json holds.

    Raises UserError for a source that cannot be read or has no labelled images.
    """
    with open_source(data) as source:
        with progress("fetch", total=source.total) as bar:
            count = write_table(counted(source.samples, bar), raw)
        skipped = dict(sorted(source.skipped.items()))
    if not count:
        raise UserError(f"data.source: {data.source} holds no labelled images")
    return {"source": without_secrets(data.source), "images": count, "skipped": skipped}
