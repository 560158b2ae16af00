"""Stage 1: read the source into the image table."""

from constancy.paths import FETCH, RAW
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def fetch(settings: Settings) -> None:
    from constancy.data import fetch
    from constancy.data.fingerprint import fingerprint
    from constancy.files import replacing, write_json

    # Taken first: what changes while it is read is noticed by the next run.
    seen = fingerprint(settings.data)
    with replacing(RAW, FETCH) as (raw, report):
        summary = fetch.fetch(settings.data, raw)
        write_json(report, summary | {"fingerprint": seen})
    print(f"fetch: {summary['images']:,} images from {summary['source']}")


if __name__ == "__main__":
    fetch()
