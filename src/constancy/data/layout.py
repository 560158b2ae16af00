"""What a file's path says about it: which class, and which split where the source has its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

EXTENSIONS = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ]
)

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class Place:
    """Where a path puts an image."""

    label: str
    split: str | None


def skip_reason(path: str) -> str | None:
    """Why a file is none of the source's images, by its name alone; None if it may be one."""
    parts = PurePosixPath(path).parts
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return "hidden file"
    if PurePosixPath(path).suffix.lower() not in EXTENSIONS:
        return "no image by its name"
    return None


@dataclass(frozen=True)
class Layout:
    """How the folders of a source are to be read.

    depth: how many leading folders all images share; split: whether the next folder is a split.
    """

    depth: int
    splits: bool

    def place(self, path: str) -> Place | None:
        """The class and split of an image; None if it lies in no class folder."""
        folders = PurePosixPath(path).parts[self.depth : -1]
        if self.splits:
            return (
                Place(folders[1], SPLIT_FOLDERS[folders[0].lower()]) if len(folders) > 1 else None
            )
        return Place(folders[0], None) if folders else None


def find_layout(paths: Sequence[str]) -> Layout:
    """The layout that a source's image paths show.

    Leading folders that all images share are passed over. If every folder then left at the top is
    named as a split is (train, val, test ...), the class folders lie below; else they lie here.
    """
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    folders = [parts for parts in folders if parts]
    depth = 0
    while folders and all(len(parts) > depth + 1 for parts in folders):
        if len({parts[depth] for parts in folders}) > 1:
            break
        depth += 1
    top = {parts[depth].lower() for parts in folders if len(parts) > depth}
    return Layout(depth, bool(top) and top <= SPLIT_FOLDERS.keys())
