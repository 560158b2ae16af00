"""Image data sets in the layout of the Hugging Face Hub, from there or from a folder."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from constancy.data.reading import MAX_FILE_BYTES, TOO_LARGE
from constancy.data.sources.huggingface_place import Place
from constancy.data.sources.source import Source
from constancy.data.table import Sample
from constancy.errors import UserError

FORMATS = ("parquet", "arrow", "imagefolder")
"""What the files of a data set may be. None of them holds code, and all of them can be streamed."""

SPLITS = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}

LABEL_NAMES = ("label", "labels", "class")
"""What a column of texts or whole numbers must be called to be the label."""

ROWS = 256
"""Rows of a Parquet file in memory at a time, however long its row groups are."""


@contextmanager
def open_huggingface(name: str) -> Iterator[Source]:
    """A folder, relative to the project, or else a data set of the Hub: `owner/name[:config]`.

    It has Parquet or Arrow files, or is a folder of images, with one column of images and one of
    labels: a ClassLabel, or texts or whole numbers under one of LABEL_NAMES. Images come as the
    bytes that they are stored as; rows without a label, of a ClassLabel those at -1, are counted
    as skipped.

    Its splits are ours as SPLITS says. A single split by another name is no split: the images have
    none. Among several such a name is refused, for images meant for a test may lie behind it.

    The rows are streamed: nothing of them is copied to the disk. No code of a data set is run, and
    no file is read that lies outside it, whatever its paths say.

    Raises UserError if the library is missing, nothing is there, the Hub cannot be reached or does
    not let us in, and if the images, the labels or the splits cannot be told.
    """
    place = Place.named(name)
    # `datasets` makes its cache folder even where it caches nothing: not in the user's home.
    with tempfile.TemporaryDirectory(prefix="constancy-") as cache:
        splits = _splits(place, cache)
        parts = [_Part(place, title, split, dataset) for (title, split), dataset in splits.items()]
        skipped: Counter[str] = Counter()
        samples = (sample for part in parts for sample in part.samples(skipped))
        yield Source(None, samples, skipped)


def _splits(place: Place, cache: str) -> dict[tuple[str, str | None], Any]:
    """The streams of rows by the names of the splits, theirs and ours."""
    library = _library()
    try:
        if place.folder is None:
            _look_up(place)
        builder = library.load_dataset_builder(place.title, place.config, cache_dir=cache)
        _prepare(builder, place)
        streams = builder.as_streaming_dataset()
    except UserError:
        raise
    except Exception as error:  # whatever the files, the library beneath or the network make of it
        raise place.cannot_be_read(error) from None
    unknown = [split for split in streams if split not in SPLITS]
    if unknown and len(streams) > 1:
        raise UserError(
            f"data.source: {place.name} has splits of which it is not known what they are for, "
            f"{', '.join(map(str, unknown))}: copy it to a folder with no others than "
            f"{', '.join(SPLITS)}"
        )
    return {(str(split), SPLITS.get(split)): stream for split, stream in streams.items()}


def _prepare(builder: Any, place: Place) -> None:
    """Refuse what is not of FORMATS, and keep the stream as it is stored and small."""
    kind = type(builder).__module__.rpartition(".")[2]
    if kind not in FORMATS:
        raise UserError(
            f"data.source: {place.name} consists of {kind} files: only data sets of Parquet or "
            "Arrow files or folders of images are read"
        )
    if kind == "parquet":
        builder.config.batch_size = ROWS
    if kind == "imagefolder":
        builder.config.decode_num_threads = 0  # else it decodes what comes from the Hub, unasked


def _library() -> Any:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    try:
        import datasets  # type: ignore[import-untyped]
        import huggingface_hub
    except ImportError:
        raise UserError(
            "data.source: huggingface needs the package datasets: "
            "pip install 'constancy[huggingface]'"
        ) from None
    datasets.logging.set_verbosity_error()
    huggingface_hub.logging.set_verbosity_error()
    return datasets


def _look_up(place: Place) -> None:
    """Ask the Hub once whether it has the data set: `datasets` itself would ask for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RepositoryNotFoundError

    try:
        HfApi().auth_check(place.title, repo_type="dataset")
    except GatedRepoError:
        raise UserError(
            f"data.source: {place.name} is gated: accept its terms on "
            f"https://huggingface.co/datasets/{place.title}, then run `hf auth login`"
        ) from None
    except RepositoryNotFoundError:
        raise UserError(
            f"data.source: there is neither a folder {place.name} nor a data set {place.title} on "
            "the Hub, or it is private: check the name, or run `hf auth login`"
        ) from None
    except OfflineModeIsEnabled:
        raise UserError(
            f"data.source: there is no folder {place.name}, and the Hub is not asked while "
            "HF_HUB_OFFLINE is set"
        ) from None
    except Exception as error:
        raise UserError(
            f"data.source: there is no folder {place.name}, and the Hub could not be reached: "
            f"{' '.join(str(error).split()) or type(error).__name__}"
        ) from None


class _Part:
    """A split of a data set."""

    def __init__(self, place: Place, title: str, split: str | None, stream: Any) -> None:
        from datasets import Image

        self._place, self._title, self._split = place, title, split
        features = stream.features or {}
        self._image = _only("image", [n for n in features if _holds_images(features[n])], place)
        self._label = _label_column(features, place)
        self._names: list[str] | None = getattr(features[self._label], "names", None)
        stream = stream.select_columns([self._image, self._label])
        self._stream = stream.cast_column(self._image, Image(decode=False))

    def samples(self, skipped: Counter[str]) -> Iterator[Sample]:
        for number, row in enumerate(self._rows()):
            label = self._class(row[self._label])
            if label is None:
                skipped["without a label"] += 1
            else:
                yield self._sample(number, row[self._image] or {}, label)

    def _rows(self) -> Iterator[dict[str, Any]]:
        try:
            yield from self._stream
        except Exception as error:  # as in _splits: damaged files, or the network
            raise self._place.cannot_be_read(error) from None

    def _class(self, value: Any) -> str | None:
        if value is None or (self._names and value == -1):
            return None
        if self._names is None:
            return str(value)
        if not 0 <= value < len(self._names):
            raise UserError(
                f"data.source: {self._place.name} has the label {value}, but names only "
                f"{len(self._names)} classes"
            )
        return self._names[value]

    def _sample(self, number: int, image: dict[str, Any], label: str) -> Sample:
        data, path = image.get("bytes"), image.get("path")
        if data or not path:
            # Many data sets name no image, or all of them alike.
            name = "/".join(filter(None, [self._title, f"{number:07d}", (path or "").lstrip("/")]))
            problem = None if data else "there is no image in this row"
            if data and len(data) > MAX_FILE_BYTES:
                data, problem = b"", TOO_LARGE
            return Sample(name, label, data or b"", self._split, problem=problem)
        name = self._place.shown(path)
        try:
            data, problem = self._place.read(path)
        except UserError:
            raise
        except FileNotFoundError:
            data, problem = b"", "no such file or directory"
        except Exception as error:  # an archive that is damaged, or the network
            raise self._place.cannot_be_read(error) from None
        return Sample(name, label, data, self._split, problem=problem)


def _holds_images(feature: Any) -> bool:
    """Whether a column holds images: as such, or in the way in which Parquet files keep them."""
    import datasets

    return isinstance(feature, datasets.Image) or (
        isinstance(feature, dict) and feature.keys() == {"bytes", "path"}
    )


def _label_column(features: Any, place: Place) -> str:
    import datasets

    classes = [name for name in features if isinstance(features[name], datasets.ClassLabel)]
    plain = [
        name
        for name in LABEL_NAMES
        if re.fullmatch(
            "u?int[0-9]+|(large_)?string", str(getattr(features.get(name), "dtype", ""))
        )
    ]
    # Of several ClassLabels, the one that bears the usual name is meant.
    return _only("label", [name for name in plain if name in classes] or classes or plain, place)


def _only(what: str, columns: list[str], place: Place) -> str:
    if len(columns) == 1:
        return columns[0]
    if columns:
        raise UserError(
            f"data.source: {place.name} has several {what} columns, {', '.join(sorted(columns))}: "
            "copy it to a folder with one of them"
        )
    kinds = (
        "of images" if what == "image" else f"that is a ClassLabel or is called {LABEL_NAMES[0]}"
    )
    raise UserError(f"data.source: {place.name} has no column {kinds}: use another data set")
