"""Stage 1: read the source into the image table."""

from constancy.paths import FETCH, RAW
from constancy.settings import Settings
from constancy.stage import stage


@stage
def fetch(settings: Settings) -> None:
    from constancy.data.sources import open_source
    from constancy.data.table import write_table
    from constancy.files import replacing, write_json
    from constancy.progress import counted, progress

    with open_source(settings.data) as source, replacing(RAW, FETCH) as (raw, report):
        with progress("fetch", total=source.total) as bar:
            count = write_table(counted(source.samples, bar), raw)
        write_json(
            report,
            {
                "source": settings.data.source,
                "images": count,
                "skipped": dict(sorted(source.skipped.items())),
            },
        )
    print(f"fetch: {count:,} images from {settings.data.source}")


if __name__ == "__main__":
    fetch()
