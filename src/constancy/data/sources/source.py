"""What every source becomes: a stream of samples, in a fixed order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from constancy.data.table import Sample


@dataclass
class Source:
    """A source that was opened: iterate over it once for its samples.

    total: how many images it holds, None where only reading tells; skipped: files passed over,
    counted by reason, which is complete when the samples have been read.
    """

    total: int | None
    samples: Iterator[Sample]
    skipped: Counter[str] = field(default_factory=Counter)
