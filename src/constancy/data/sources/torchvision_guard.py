"""torchvision without its dangers: no pickle of a data set is loaded, no file decoded for nothing."""

import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from constancy.errors import UserError
from constancy.progress import progress


@dataclass(frozen=True)
class FilePath:
    """Stands for the image that torchvision would decode, of which only the path is wanted."""

    path: str

    def convert(self, _mode: str) -> "FilePath":
        return self


@contextmanager
def nothing_run_nothing_decoded() -> Iterator[None]:
    """Inside, torchvision's own modules load no pickles and decode no files.

    It offers no arguments for either, so names in its modules are exchanged for the time being.
    """
    import torch
    from torchvision.datasets import (
        caltech,
        cifar,
        gtsrb,
        imagenet,
        mnist,
        oxford_iiit_pet,
        utils,
    )

    images = SimpleNamespace(open=FilePath)
    exchanged = (
        (cifar, "pickle", SimpleNamespace(load=_load_plain)),
        (imagenet, "torch", SimpleNamespace(load=_load_synsets, save=torch.save)),
        (mnist.MNIST, "_check_legacy_exist", lambda _: False),
        (caltech, "Image", images),
        (gtsrb, "PIL", SimpleNamespace(Image=images)),
        (oxford_iiit_pet, "Image", images),
        (utils, "check_integrity", _whole_or_unlinked(utils.check_integrity)),
        (utils, "tqdm", lambda total, **_: progress("download", total=total, unit="byte")),
    )
    with ExitStack() as stack:
        for owner, name, value in exchanged:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        yield


def _whole_or_unlinked(is_whole: Callable[..., bool]) -> Callable[..., bool]:
    """Before it downloads, torchvision asks whether a file is there and whole. Where that is a link
    to a damaged file of the user's, it would write through the link."""

    def check(path: str, md5: str | None = None) -> bool:
        whole = is_whole(path, md5)
        if not whole and Path(path).is_symlink():
            Path(path).unlink()
        return whole

    return check


class _PlainUnpickler(pickle.Unpickler):
    """Reads arrays, texts, numbers and containers of them; refuses whatever else is asked for."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np
        from numpy._core import multiarray, numeric

        known = {
            "numpy.dtype": np.dtype,
            "numpy.ndarray": np.ndarray,
            "multiarray._reconstruct": multiarray._reconstruct,
            "numeric._frombuffer": numeric._frombuffer,  # type: ignore[attr-defined]
            "_codecs.encode": _latin1,
        }
        # numpy 2 moved numpy.core, which the old files name.
        place = re.sub(r"^numpy\._?core\.", "", module)
        if f"{place}.{name}" not in known:
            raise UserError(
                f"data.source: the pickle of this copy asks for {module}.{name}, which may run any "
                "code: do not use it, get the data set anew from its authors"
            )
        return known[f"{place}.{name}"]


def _latin1(text: str, _encoding: str) -> bytes:
    return text.encode("latin1")  # as which pickles of the second protocol write bytes


def _load_plain(file: IO[bytes], encoding: str = "ASCII") -> Any:
    return _PlainUnpickler(file, encoding=encoding).load()


def _load_synsets(file: str, **_: Any) -> Any:
    """What torch.save wrote of plain values: a zip archive with a pickle in it."""
    if not zipfile.is_zipfile(file):
        raise UserError(
            f"data.source: {file} is not what today's torch writes: delete it, and put ImageNet's "
            "ILSVRC2012_devkit_t12.tar.gz beside it"
        )
    with zipfile.ZipFile(file) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        with archive.open(member) as pickled:
            return _load_plain(pickled)
