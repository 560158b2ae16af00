"""Samples taken through preparation, without DVC."""

from collections.abc import Iterable
from pathlib import Path

from images import encoded

from constancy.data.prepare import Images, pack, read_images
from constancy.data.table import Sample, write_table
from constancy.settings.data import Data


def samples(count: int = 120, classes: Iterable[str] = ("cat", "dog")) -> list[Sample]:
    """Images of noise, none like another, of one class after the other."""
    names = list(classes)
    return [
        Sample(f"{names[n % len(names)]}/{n}.png", names[n % len(names)], encoded(n))
        for n in range(count)
    ]


def data_settings(params: dict, **changes: object) -> Data:
    """The committed settings of `data` for small images, with changes at dotted keys."""
    values = params["data"] | {"image": {"size": 16, "color": "rgb", "fit": "pad"}}
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = values
        for parent in parents:
            section[parent] = dict(section[parent])
            section = section[parent]
        section[last] = value
    return Data.model_validate(values)


def checked(folder: Path, data: Data, some: Iterable[Sample]) -> Images:
    """The samples decoded, split and checked; `folder` is new."""
    folder.mkdir(parents=True)
    write_table(some, folder / "raw")
    return read_images(folder / "raw", data, folder / "decoded.bin")


def prepared(folder: Path, data: Data, some: Iterable[Sample]) -> Path:
    """The folder of the packed splits of the samples."""
    images = checked(folder, data, some)
    (folder / "prepared").mkdir()
    pack(images, data, folder / "prepared")
    return folder / "prepared"
