"""Where images come from: each source is read as a stream of samples, in a fixed order."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from constancy.data.archives import Member, members
from constancy.data.download import local_archive
from constancy.data.layout import EXTENSIONS, Layout, find_layout, skip_reason
from constancy.data.table import Sample
from constancy.errors import UserError
from constancy.paths import project_root
from constancy.settings.data import Data


@dataclass
class Source:
    """A source that was opened: iterate over it once for its samples.

    total: how many images it holds; skipped: files passed over, counted by reason.
    """

    total: int
    samples: Iterator[Sample]
    skipped: Counter[str] = field(default_factory=Counter)


@contextmanager
def open_source(data: Data) -> Iterator[Source]:
    """The source that `data.source` names; its samples can be read inside the block.

    Raises UserError if the place is missing, is no archive, has another hash, or holds no images
    in class folders.
    """
    kind, _, place = data.source.partition(":")
    match kind:
        case "digits":
            yield Source(1797, _digits())
        case "folder":
            yield _folder(place)
        case "archive":
            with local_archive(place, data.sha256) as archive:
                yield _archive(archive)


def _digits() -> Iterator[Sample]:
    """scikit-learn's 1,797 handwritten digits (Alpaydin and Kaynak 1998, UCI), 8 x 8 pixels."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        buffer = io.BytesIO()
        # The set counts ink from 0 to 16.
        Image.fromarray((pixels * 255 / 16).round().astype(np.uint8)).save(buffer, "PNG")
        yield Sample(f"{label}/{number:04d}.png", str(label), buffer.getvalue())


def _folder(place: str) -> Source:
    root = project_root() / Path(place).expanduser()
    if not root.is_dir():
        raise UserError(f"data.source: there is no folder at {place}")
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    reading = _Reading(files, place)
    return reading.source(Member(path, (root / path).read_bytes) for path in files)


def _archive(archive: Path) -> Source:
    # Two passes: only when all names are known is it known what the folders mean.
    reading = _Reading([member.path for member in members(archive)], archive.name)
    return reading.source(members(archive))


class _Reading:
    """Turns the files of a source into samples, and counts what is passed over."""

    def __init__(self, files: list[str], place: str) -> None:
        self.skipped: Counter[str] = Counter()
        images = [path for path in files if skip_reason(path) is None]
        self.layout: Layout = find_layout(images)
        self.total = sum(self.layout.place(path) is not None for path in images)
        if not self.total:
            raise UserError(
                f"data.source: {place} holds no images in class folders: it needs one folder for "
                f"each class, with files that end in {', '.join(sorted(EXTENSIONS))}"
            )

    def source(self, files: Iterator[Member]) -> Source:
        return Source(self.total, self._samples(files), self.skipped)

    def _samples(self, files: Iterator[Member]) -> Iterator[Sample]:
        for file in files:
            reason = skip_reason(file.path)
            place = self.layout.place(file.path)
            if reason is None and place is not None:
                yield Sample(file.path, place.label, file.read(), place.split)
            else:
                self.skipped[reason or "in no class folder"] += 1
