"""What preparation knows of the images, as reports/data.json holds it."""

from typing import Any

import numpy as np
import pyarrow as pa

from constancy.addresses import without_secrets
from constancy.data.decode import DecodedTable
from constancy.data.findings import warnings
from constancy.data.packed import SPLITS
from constancy.data.prepare import Images
from constancy.data.quality import Flag
from constancy.data.table import sample_id
from constancy.settings.data import Data


def describe_images(images: Images, data: Data) -> dict[str, Any]:
    """The data report: counts, formats, sizes, and everything that a check found.

    files: how many the image table has; images: how many remain; classes: {label: {split: count}};
    sizes: {side: [least, median, greatest]} in pixels, as the files have them; flagged: for each
    image or class that a check found, whatever became of it: check, action, label, reason, and of
    an image its id and path, with those of the other one that it is compared with; checks: the
    settings of each, and how many it flagged.
    """
    facts, found = images.table.facts, images.found
    counts = found.counts()
    return {
        "source": without_secrets(data.source),
        "files": len(images.table),
        "images": int(found.kept.sum()),
        "splits": {name: sum(each[name] for each in counts.values()) for name in SPLITS},
        "classes": counts,
        "groups": len(set(images.groups) - {None}),
        "image": data.image.model_dump(),
        "formats": _counts(facts["format"]),
        "sizes": {side: _range(facts[side]) for side in ("width", "height")},
        "checks": {
            name: check | {"flagged": len(found.of(name))}
            for name, check in data.quality.model_dump().items()
        },
        "warnings": warnings(found, images.table, data.quality),
        "flagged": [_describe(flag, images.table) for flag in found.flags],
    }


def _describe(flag: Flag, table: DecodedTable) -> dict[str, Any]:
    described: dict[str, Any] = {"check": flag.check, "action": flag.action, "label": flag.label}
    for prefix, row in (("", flag.row), ("other_", flag.other)):
        if row is not None:
            described[f"{prefix}id"] = sample_id(table.facts["sha256"][row].as_py().hex())
            described[f"{prefix}path"] = table.facts["path"][row].as_py()
    return described | {"reason": flag.reason}


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value stands in a column, in the order of the values."""
    counted = column.drop_null().value_counts()
    return dict(sorted((each["values"].as_py(), each["counts"].as_py()) for each in counted))


def _range(column: pa.ChunkedArray) -> list[int]:
    """Least, median and greatest value; empty where there are no values."""
    values = column.drop_null().to_numpy()
    return [int(values.min()), int(np.median(values)), int(values.max())] if len(values) else []
