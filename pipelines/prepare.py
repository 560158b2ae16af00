"""Stage 2: decode the image table, split it, and pack the splits."""

import sys

from constancy.paths import DATA, PREPARED, RAW
from constancy.settings import Settings
from constancy.stage import stage


@stage
def prepare(settings: Settings) -> None:
    from constancy.data import prepare
    from constancy.files import replacing, write_json

    with replacing(PREPARED, DATA) as (prepared, report):
        summary = prepare.prepare(RAW, settings.data, prepared)
        write_json(report, summary)
    for warning in summary["warnings"]:
        print(f"prepare: warning: {warning}", file=sys.stderr)
    splits = ", ".join(f"{count:,} {name}" for name, count in summary["splits"].items())
    print(f"prepare: {splits}; {len(summary['classes'])} classes")


if __name__ == "__main__":
    prepare()
