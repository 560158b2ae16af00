"""What a file's path says about it: which class, and which split where the source has its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from constancy.errors import UserError

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
    parts = path.split("/")
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return "hidden file"
    _, dot, extension = parts[-1].rpartition(".")
    return None if (dot + extension).lower() in EXTENSIONS else "no image by its name"


@dataclass(frozen=True)
class Layout:
    """How the folders of a source are to be read.

    depth: how many leading folders all images share; split: whether the next folder is a split.
    """

    depth: int
    splits: bool
    _known: dict[str, Place | None] = field(default_factory=dict, compare=False, repr=False)

    def place(self, path: str) -> Place | None:
        """The class and split of an image; None if it lies in no class folder."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            self._known[folder] = self._place(folder)
        return self._known[folder]

    def _place(self, folder: str) -> Place | None:
        folders = _parts(folder)[self.depth :]
        if self.splits:
            return (
                Place(folders[1], SPLIT_FOLDERS[folders[0].lower()]) if len(folders) > 1 else None
            )
        return Place(folders[0], None) if folders else None


def find_layout(paths: Sequence[str]) -> Layout:
    """The layout that a source's image paths show.

    Leading folders that all images share are passed over, with stray images in them. If every
    folder then left at the top is named as a split is (train, val, test ...), the class folders lie
    below; else they lie here. Raises UserError where some are splits with class folders, and others
    are not.
    """
    folders = [_parts(folder) for folder in {path.rpartition("/")[0] for path in paths} if folder]
    depth = 0
    while len({parts[depth] for parts in folders}) == 1:
        deeper = [parts for parts in folders if len(parts) > depth + 1]
        # A stray image beside several folders, a cover say, does not make them one class.
        if len(deeper) < len(folders) and len({parts[depth + 1] for parts in deeper}) < 2:
            break
        folders, depth = deeper, depth + 1
    top = {parts[depth] for parts in folders}
    others = sorted(name for name in top if name.lower() not in SPLIT_FOLDERS)
    splits = sorted(top - set(others))
    parents = {parts[depth] for parts in folders if len(parts) > depth + 1}
    if splits and others and parents.issuperset(splits):
        raise UserError(
            f"data.source: '{splits[0]}' holds class folders, as a split does, but '{others[0]}' "
            "beside it is named as no split: move it away, or rename it"
        )
    return Layout(depth, bool(splits) and not others)


def _parts(folder: str) -> list[str]:
    return folder.split("/") if folder else []
