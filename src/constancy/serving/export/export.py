"""A model into a file: written beside its place, opened anew, checked, and only then put there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.evaluation.evaluate import load_data, load_splits
from constancy.files import replacing
from constancy.serving.export.check import largest_difference
from constancy.serving.export.cost import Cost, cost
from constancy.serving.export.int8 import CALIBRATION, write_int8
from constancy.serving.export.onnx_file import open_onnx, write_onnx
from constancy.serving.export.original import Answer, Original, answer_of
from constancy.serving.export.pt2_file import open_pt2, write_pt2
from constancy.serving.export.safetensors_file import open_safetensors, write_safetensors
from constancy.serving.export.speed import Speeds, images_a_second
from constancy.settings import Settings

IMAGES = 500
"""Test images on which an exported file is checked, at the most."""


@dataclass(frozen=True)
class Format:
    """How a file is written and opened. runtime: what runs it, as its speed is called."""

    runtime: str
    write: Callable[[Path, Original], None]
    open: Callable[[Path], Answer]


FORMATS = {
    "onnx": Format("ONNX Runtime", write_onnx, open_onnx),
    "pt2": Format("torch.export", write_pt2, open_pt2),
    "safetensors": Format("built from the file", write_safetensors, open_safetensors),
}


@dataclass(frozen=True)
class Exported:
    """What was written. size: in bytes; difference: the largest of any probability, on so many test
    images; speeds: of each runtime; cost: of quantisation, None for a file that is not quantised.
    """

    file: Path
    size: int
    difference: float
    images: int
    speeds: dict[str, Speeds]
    cost: Cost | None = None


def export(model: Path, kind: str, out: Path, prepared: Path) -> Exported:
    """Write the model in folder `model` to `out`, if the file answers as the model does.

    kind: of FORMATS; prepared: the data on whose test images that is checked.
    Raises UserError where there are none, the model was not made for them, or cannot be exported.
    """
    dataset, splits = load_splits(prepared)
    original = Original.load(model, dataset)
    images = _test_images(splits["test"])
    with replacing(out) as (new,):
        answer, difference = _written(new, FORMATS[kind], original, images)
        arms = {"PyTorch": answer_of(original.classifier()), FORMATS[kind].runtime: answer}
        speeds = images_a_second(arms, images)
        return Exported(out, new.stat().st_size, difference, len(images), speeds)


def export_int8(
    model: Path, out: Path, prepared: Path, suite: Path, settings: Settings
) -> Exported:
    """Write the model as ONNX with 8-bit integers, and score what that costs; see `cost`.

    What is checked is the file before quantisation, which is not kept. Raises UserError as `export`
    does, and for a suite that was not made of these test images.
    """
    dataset, splits, loaded = load_data(prepared, suite)
    original, full = Original.load(model, dataset), FORMATS["onnx"]
    images = _test_images(splits["test"])
    with TemporaryDirectory(prefix="constancy-") as scratch, replacing(out) as (new,):
        exact = Path(scratch) / "model.onnx"
        answer, difference = _written(exact, full, original, images)
        write_int8(new, exact, np.array(splits["train"].first(CALIBRATION).images))
        int8 = open_onnx(new)
        arms = {
            "PyTorch": answer_of(original.classifier()),
            full.runtime: answer,
            f"{full.runtime}, int8": int8,
        }
        speeds = images_a_second(arms, images)
        found = cost(original, int8, splits["test"], loaded, settings.evaluate, settings.promotion)
        return Exported(out, new.stat().st_size, difference, len(images), speeds, found)


def _test_images(split: PackedSplit) -> np.ndarray:
    return np.array(split.first(IMAGES).images)


def _written(
    path: Path, form: Format, original: Original, images: np.ndarray
) -> tuple[Answer, float]:
    """The file, written and opened anew, and how far its answers are from the original's."""
    form.write(path, original)
    answer = form.open(path)
    return answer, largest_difference(answer_of(original.classifier()), answer, images)
