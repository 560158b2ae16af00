"""Stage 2: decode the image table, split and check it, and pack the splits."""

import sys

from constancy.paths import DATA, DATA_PAGE, PREPARED, RAW, STATE, project_root
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def prepare(settings: Settings) -> None:
    import pyarrow as pa

    from constancy.data.findings import problems
    from constancy.data.prepare import pack, read_images
    from constancy.data.report import describe_images
    from constancy.data.report_page import render_data_report
    from constancy.errors import UserError
    from constancy.files import replacing, write_json, write_text

    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps what it once needed
    with replacing(PREPARED, DATA, DATA_PAGE) as (prepared, report, page):
        prepared.mkdir()
        images = read_images(RAW, settings.data, scratch := prepared / "decoded.bin")
        summary = describe_images(images, settings.data)
        write_json(report, summary)
        found = problems(images.found, images.table, settings.data.quality)
        write_text(page, render_data_report(images, summary, found))
        if found:
            # The last good report stays in its place; this one shows what is wrong.
            state = project_root() / STATE
            write_json(state / DATA.name, summary)
            write_text(wrong := state / DATA_PAGE.name, page.read_text(encoding="utf-8"))
            raise UserError(f"{found[0]} ({len(found)} in all, shown in {wrong})")
        pack(images, settings.data, prepared)
        scratch.unlink()
    for warning in summary["warnings"]:
        print(f"prepare: {warning}", file=sys.stderr)
    splits = ", ".join(f"{count:,} {name}" for name, count in summary["splits"].items())
    print(f"prepare: {splits}; {len(summary['classes'])} classes")


if __name__ == "__main__":
    prepare()
