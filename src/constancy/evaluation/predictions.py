"""All answers of a model in one file, to compare it with others without running it again."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.settings.base import COMBINED, INTRA_CLASS, PIXEL_FACTORS
from constancy.variation.suites import Suite

FILE = "predictions.npz"

_CONTROL = "/control"
_FACTS = ("suite", "classes", "ids", "paths", "labels", "rows", INTRA_CLASS, "rivals", "clean")
_VARIED = (*PIXEL_FACTORS, COMBINED)


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model answers on a test split of N images and on its suite of n base images.

    suite: the suite's digest; classes: label names; ids, paths: N, of the images; labels: int64, N;
    rows: int64, n, the base images; severity: int64, N, the intra-class severity 1..5; rivals:
    int64, N, the row of the nearest image of another class, or -1; clean: float32 logits, N x
    classes; varied: for each pixel factor and "combined", severities x directions x n x classes;
    controls: for each factor that has them, severities x n x classes.
    """

    suite: str
    classes: list[str]
    ids: np.ndarray
    paths: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    severity: np.ndarray
    rivals: np.ndarray
    clean: np.ndarray
    varied: Mapping[str, np.ndarray]
    controls: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls,
        classes: list[str],
        split: PackedSplit,
        suite: Suite,
        clean: np.ndarray,
        varied: Mapping[str, np.ndarray],
        controls: Mapping[str, np.ndarray],
    ) -> Self:
        """A model's answers to a test split and its suite."""
        about = suite.intra_class
        return cls(
            suite=suite.digest,
            classes=classes,
            ids=split.index["id"].to_numpy(),
            paths=split.index["path"].to_numpy(),
            labels=split.labels,
            rows=suite.index["row"].to_numpy(),
            severity=about["severity"].to_numpy(),
            rivals=about["rival"].to_numpy(),
            clean=clean,
            varied=varied,
            controls=controls,
        )

    def save(self, path: Path) -> None:
        """Write the file: the arrays by the names of `_FACTS`, of the factors, and FACTOR/control."""
        arrays: dict[str, np.ndarray] = {
            "suite": np.array(self.suite),
            "classes": np.array(self.classes, np.str_),
            "ids": self.ids.astype(np.str_),
            "paths": self.paths.astype(np.str_),
            "labels": self.labels,
            "rows": self.rows,
            INTRA_CLASS: self.severity,
            "rivals": self.rivals,
            "clean": self.clean,
            **self.varied,
        }
        arrays |= {f"{name}{_CONTROL}": logits for name, logits in self.controls.items()}
        # As numpy's savez_compressed, whose headers differ from Python to Python.
        with zipfile.ZipFile(path, "w") as file:
            for name, array in arrays.items():
                content = io.BytesIO()
                np.lib.format.write_array(content, array, allow_pickle=False)
                member = zipfile.ZipInfo(f"{name}.npy")
                member.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(member, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> Self:
        """The file's contents. Raises UserError for a file that is missing or holds something else."""
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = dict(saved)
        except FileNotFoundError:
            raise UserError(f"{path} is missing: `make run` writes it") from None
        except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error):
            raise UserError(f"{path} holds no predictions: `make run` writes them") from None
        if missing := [name for name in (*_FACTS, *_VARIED) if name not in arrays]:
            raise UserError(
                f"{path} has no {missing[0]}: another version of Constancy wrote it; `make run` "
                "writes it anew"
            )
        controls = {
            name.removesuffix(_CONTROL): logits
            for name, logits in arrays.items()
            if name.endswith(_CONTROL)
        }
        found = cls(
            suite=str(arrays["suite"]),
            classes=arrays["classes"].tolist(),
            ids=arrays["ids"],
            paths=arrays["paths"],
            labels=arrays["labels"],
            rows=arrays["rows"],
            severity=arrays[INTRA_CLASS],
            rivals=arrays["rivals"],
            clean=arrays["clean"],
            varied={name: arrays[name] for name in _VARIED},
            controls=controls,
        )
        if not found._fits():
            raise UserError(f"{path} does not fit itself: `make run` writes it anew")
        if not all(np.isfinite(each).all() for each in found._logits()):
            raise UserError(f"{path} holds NaN or infinity: `make run` writes it anew")
        return found

    def _logits(self) -> list[np.ndarray]:
        """All answers, those to clean images first."""
        return [self.clean, *self.varied.values(), *self.controls.values()]

    def _fits(self) -> bool:
        """Whether all arrays are of the same images and classes."""
        whole, classes = len(self.ids), len(self.classes)
        return (
            all(
                len(each) == whole for each in (self.paths, self.labels, self.severity, self.rivals)
            )
            and self.clean.shape == (whole, classes)
            and all(each.shape[-2:] == (len(self.rows), classes) for each in self._logits()[1:])
            and 0 <= self.labels.min(initial=0) <= self.labels.max(initial=0) < classes
            and 0 <= self.rows.min(initial=0) <= self.rows.max(initial=0) < max(whole, 1)
            and -1 <= self.rivals.min(initial=0) <= self.rivals.max(initial=0) < max(whole, 1)
        )
