"""Where images from production lie."""

import glob
from collections.abc import Iterable
from pathlib import Path

from constancy.data.sources.files import image_files
from constancy.errors import UserError


def find_images(places: Iterable[str]) -> list[Path]:
    """The image files at image files, folders and globs, in their order, each once.

    Raises UserError for a place that is not there, and if there is no image at all.
    """
    files: list[Path] = []
    for place in places:
        path = Path(place)
        if path.is_dir():
            files += image_files(path)
        elif path.exists():
            files.append(path)
        elif found := sorted(glob.glob(place, recursive=True)):  # noqa: PTH207 - whose patterns are relative
            files += [each for each in map(Path, found) if each.is_file()]
        else:
            raise UserError(f"{place} is missing: give image files, folders, or patterns in quotes")
    if not files:
        raise UserError(f"there are no images in {', '.join(places)}")
    return list(dict.fromkeys(files))
