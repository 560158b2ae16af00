"""Where images come from. Each kind of source has a file; all give the same stream of samples."""

from collections.abc import Iterator
from contextlib import contextmanager

from constancy.data.labels import with_clean_labels
from constancy.data.sources.source import Source
from constancy.settings.data import Data

__all__ = ["Source", "open_source"]


@contextmanager
def open_source(data: Data) -> Iterator[Source]:
    """The source that `data.source` names; its samples can be read inside the block.

    Raises UserError, also while samples are read, if the place is missing, is not what it is said
    to be, has another hash, holds no labelled images, or has labels that cannot be used.
    """
    with _open(data) as source:
        yield Source(source.total, with_clean_labels(source.samples), source.skipped)


def _open(data: Data):  # type: ignore[no-untyped-def]  # a context manager of a Source
    # Each kind needs libraries of its own: imported where they are used.
    match data.kind:
        case "folder":
            from constancy.data.sources.files import open_folder

            return open_folder(data.place)
        case "archive":
            from constancy.data.sources.files import open_archive

            return open_archive(data.place, data.sha256)
        case "manifest":
            from constancy.data.sources.manifest import open_manifest

            return open_manifest(data.place, data.sha256)
        case "torchvision":
            from constancy.data.sources.torchvision_sets import open_torchvision

            return open_torchvision(data.place, data.root)
        case "huggingface":
            from constancy.data.sources.huggingface import open_huggingface

            return open_huggingface(data.place)
        case _:
            from constancy.data.sources.digits import open_digits

            return open_digits()
