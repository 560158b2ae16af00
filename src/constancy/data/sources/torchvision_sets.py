"""The classification data sets of torchvision, by the names of their classes there."""

import inspect
import io
import os
import re
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from constancy.data.reading import read_file
from constancy.data.sources.source import Source
from constancy.data.sources.torchvision_guard import FilePath, nothing_run_nothing_decoded
from constancy.data.sources.torchvision_recipes import LEFT_OUT, RECIPES, Recipe
from constancy.data.table import Sample
from constancy.errors import UserError, nearest
from constancy.paths import STATE, in_project, scratch_folder

TIMEOUT = 15
"""Seconds that a server may be silent during a download."""


@contextmanager
def open_torchvision(name: str, root: str | None) -> Iterator[Source]:
    """A data set of RECIPES, from its copy in `root`, or downloaded to there if it has none.

    root: the folder that torchvision calls root, relative to the project; None: `torchvision` in
    the project's `.constancy`. Archives that lie there unpacked or not are used, never fetched.
    Where the project is to be left alone, `root` is only read.

    Images come as the files that the set consists of, under their paths in `root`; where it has no
    files, as PNG files, without loss. EMNIST's come on their sides, as its authors left them.

    Nothing of the data is trusted: pickles may run any code when they are loaded, so none is.
    CIFAR's batches and ImageNet's list of classes are read by an unpickler that knows arrays and
    plain values alone; the `.pt` files of torchvision's old MNIST are passed over for the raw ones.

    Raises UserError for a name that is none of RECIPES, a package that is missing, a pickle that
    holds more than arrays, and a copy that is missing, damaged or could not be downloaded.
    """
    recipe = _recipe(name)
    folder = in_project(root or str(STATE / "torchvision"))
    parts = _local_or_downloaded(name, recipe, folder)
    labelled = [part for part in parts if part.labelled]
    if not labelled:
        raise UserError(f"data.source: the copy of {name} in {folder} holds no labelled images")
    skipped = Counter({"without a label": sum(len(part) for part in parts if not part.labelled)})
    yield Source(sum(map(len, labelled)), _samples(name, labelled), +skipped)


def _samples(name: str, parts: "list[_Part]") -> Iterator[Sample]:
    given: Counter[str | None] = Counter()  # of a split's images: two parts may belong to one
    for part in parts:
        try:
            yield from part.samples(given[part.split])
        except (IndexError, ValueError, OSError) as error:
            raise UserError(f"data.source: the copy of {name} is damaged: {error}") from None
        given[part.split] += len(part)


def _recipe(name: str) -> Recipe:
    if name in LEFT_OUT:
        raise UserError(
            f"data.source: torchvision's {name} {LEFT_OUT[name]}: choose a data set that has one "
            "class for each image"
        )
    if name not in RECIPES:
        raise UserError(
            f"data.source: torchvision has no classification data set '{name}': {_hint(name)}"
        )
    return RECIPES[name]


def _hint(name: str) -> str:
    same = [known for known in RECIPES if known.casefold() == name.casefold()]
    return nearest(same[0] if same else name, list(RECIPES))


def _local_or_downloaded(name: str, recipe: Recipe, root: Path) -> "list[_Part]":
    scratch = scratch_folder()
    try:
        # ImageNet unpacks what it finds, download or not.
        copy = _linked(root, scratch / "copy") if scratch else root
        return _parts(name, recipe, copy, download=False)
    except UserError:
        raise
    except Exception as error:  # each set fails in its own way where a file is missing or damaged
        _tell_of_missing_package(name, error)
        if not recipe.downloads:
            raise UserError(
                f"data.source: there is no whole copy of {name} in {root}, and torchvision cannot "
                f"download it: get it from its authors and put it there ({_reason(error)})"
            ) from None
    try:
        copy = scratch / "torchvision" if scratch else root
        _download(name, recipe, root, copy)
        return _parts(name, recipe, copy, download=False)
    except UserError:
        raise
    except Exception as error:
        _tell_of_missing_package(name, error)
        raise UserError(
            f"data.source: there is no whole copy of {name} in {root}, and it could not be "
            f"downloaded: {_reason(error)}"
        ) from None


def _tell_of_missing_package(name: str, error: Exception) -> None:
    """torchvision tells of some packages by an ImportError, of others in words."""
    told = re.search(r"pip install (\w+)", str(error))
    package = error.name if isinstance(error, ImportError) else told and told[1]
    if package:
        raise UserError(
            f"data.source: {name} needs the package {package}: pip install {package}"
        ) from None


def _reason(error: Exception) -> str:
    # torchvision's advice is about its own arguments, which nobody can set here.
    text = re.sub(r"You can (use|set) download=True to download it\.?", "", str(error))
    return " ".join(text.split()) or type(error).__name__


def _parts(name: str, recipe: Recipe, root: Path, *, download: bool) -> "list[_Part]":
    from torchvision import datasets

    kind = getattr(datasets, name.partition("/")[0])
    common: dict[str, Any] = {"download": download} if recipe.downloads else {}
    if any("loader" in inspect.signature(each.__init__).parameters for each in kind.__mro__[:-1]):
        common["loader"] = FilePath
    with nothing_run_nothing_decoded():
        return [
            _Part(kind(str(root), **common, **arguments), split, recipe.names, root)
            for arguments, split in recipe.splits
        ]


class _Part:
    """A part of a data set: which split it is, and whether its images are labelled."""

    def __init__(self, dataset: Any, split: str | None, names: str, root: Path) -> None:
        self._dataset, self.split, self._root = dataset, split, root
        self._names = _unique_names(getattr(dataset, names, None))
        self._files: list[tuple[str, Any]] | None = None
        image, label = dataset[0] if len(dataset) else (None, None)
        self.labelled = label is not None
        if isinstance(image, FilePath):
            items = (dataset[number] for number in range(len(dataset)))
            # Some sets list their files as the file system does: in any order.
            self._files = sorted((os.path.relpath(file.path, root), label) for file, label in items)
            self._check_files()

    def __len__(self) -> int:
        return len(self._dataset)

    def samples(self, first: int) -> Iterator[Sample]:
        """first: the number of the first image, where the images have no files to be named by."""
        if self._files is not None:
            for path, label in self._files:
                yield self._read(path, self._name(label))
            return
        for number in range(len(self)):
            image, label = self._dataset[number]
            buffer = io.BytesIO()
            image.save(buffer, "PNG", compress_level=1)
            path = f"{self.split or 'all'}/{int(label)}/{first + number:05d}.png"
            yield Sample(path, self._name(label), buffer.getvalue(), self.split)

    def _read(self, path: str, label: str) -> Sample:
        data, problem = read_file(self._root / path)
        return Sample(path, label, data, self.split, problem=problem)

    def _name(self, label: Any) -> str:
        return self._names[int(label)] if self._names else str(int(label))

    def _check_files(self) -> None:
        """That the files are there, and that no list in the copy leads to others."""
        for path, _ in self._files or []:
            if path.startswith(os.pardir):
                raise UserError(
                    f"data.source: the data set in {self._root} leads out of it: {path}"
                )
        if self._files and not (self._root / self._files[0][0]).is_file():
            raise FileNotFoundError(f"{self._files[0][0]} is missing")


def _unique_names(classes: Any) -> list[str] | None:
    """The names of the classes, in their order; where two share one, with their numbers behind.

    classes: names, tuples of synonyms of which the first is taken, or names with their numbers.
    ImageNet knows two cranes, and EMNIST an A and an a, which few file systems could tell apart.
    """
    if classes is None:
        return None
    if isinstance(classes, Mapping):
        classes = sorted(classes, key=classes.__getitem__)
    names = [name if isinstance(name, str) else name[0] for name in classes]
    times = Counter(name.casefold() for name in names)
    return [
        f"{name} ({number})" if times[name.casefold()] > 1 else name
        for number, name in enumerate(names)
    ]


_ARCHIVES = frozenset([".gz", ".tgz", ".tar", ".zip", ".bz2", ".xz", ".mat", ".h5", ".data"])


def _linked(root: Path, copy: Path) -> Path:
    """A new folder that holds what `root` holds, by links: what is added stays out of `root`."""
    copy.mkdir()
    for entry in root.iterdir() if root.is_dir() else ():
        (copy / entry.name).symlink_to(entry.resolve())
    return copy


def _download(name: str, recipe: Recipe, root: Path, target: Path) -> None:
    """Make a whole copy with the archives that are in `root`, then move it to `target`.

    torchvision takes whatever folder it finds for a whole copy, also one that a killed run left.
    """
    target.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)  # torchvision would wait for ever
    try:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target) as folder:
            stage = Path(folder)
            for archive in (*root.glob("*"), *root.glob("[!.]*/*"), *root.glob("[!.]*/raw/*")):
                if archive.suffix in _ARCHIVES and archive.is_file():
                    link = stage / archive.relative_to(root)
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(archive.resolve())
            _parts(name, recipe, stage, download=True)
            _move(stage, target, links=target != root)
    finally:
        socket.setdefaulttimeout(before)


def _move(source: Path, target: Path, *, links: bool) -> None:
    """Move what is in one folder to another, whole folders where they are new there.

    links: also the links to archives, which were there before unless `target` is another place.
    """
    for entry in source.iterdir():
        there = target / entry.name
        if entry.is_symlink() and not links:
            continue
        if entry.is_dir() and there.is_dir():
            _move(entry, there, links=links)
        else:
            entry.replace(there)
