"""Sources read whole, for tests of what they give."""

from constancy.data.sources import open_source
from constancy.data.table import Sample
from constancy.settings.data import Data


def settings(params: dict, source: str, sha256: str | None = None) -> Data:
    """The committed settings of `data` with another source."""
    return Data.model_validate(params["data"] | {"source": source, "sha256": sha256})


def read(data: Data) -> tuple[list[Sample], dict[str, int]]:
    """All samples of a source that knows how many it has, and what it passed over."""
    with open_source(data) as source:
        samples = list(source.samples)
        assert source.total == len(samples)
        return samples, dict(source.skipped)
