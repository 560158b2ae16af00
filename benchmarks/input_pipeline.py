"""Training batches straight from arrays against a DataLoader with torchvision's transforms.

    python benchmarks/input_pipeline.py

Both arms give what their network takes for one epoch after another: images of RGB in another order
each time, mirrored and shifted at random. Theirs are normalised float32; ours stay uint8, since the
network itself normalises (which counts as a part of its step, in training_step.py). At 32 pixels
theirs takes its images from memory, as torchvision's own small data sets do; at 224 from JPEG
files, as ImageFolder does; by two workers that stay alive. Ours takes them from a memory-mapped
file, as training does.
"""

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import compare
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from constancy.training.data import TrainingBatches, as_tensor
from constancy.training.jitter import jitter

BATCH, SHIFT, CLASSES = 128, 2, 10
SIZES = {32: (20_000, 15.0), 224: (1_500, 8.0)}  # images, and how many times as fast we want to be
MEAN, STD = [120.0, 115.0, 110.0], [60.0, 60.0, 60.0]


class InMemory(Dataset[Any]):
    """Arrays as PIL images, as in torchvision's CIFAR10."""

    def __init__(
        self, images: np.ndarray, transform: Callable[[Image.Image], Any], labels: np.ndarray
    ) -> None:
        self.images, self.transform, self.labels = images, transform, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.images[row])), int(self.labels[row])


def photographs(count: int, size: int, file: Path) -> np.ndarray:
    """Smooth noise, which JPEG finds about as hard as photographs; memory-mapped."""
    rng = np.random.default_rng(0)
    images = np.lib.format.open_memmap(file, "w+", np.uint8, (count, size, size, 3))
    for image in images:
        coarse = Image.fromarray(rng.integers(0, 256, (size // 4, size // 4, 3), dtype=np.uint8))
        image[:] = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
    images.flush()
    return np.load(file, mmap_mode="r")


def theirs(images: np.ndarray, folder: Path) -> Iterable[Any]:
    size = images.shape[1]
    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomCrop(size, padding=SHIFT),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([each / 255 for each in MEAN], [each / 255 for each in STD]),
        ]
    )
    dataset: Dataset[Any] = InMemory(images, transform, np.arange(len(images)) % CLASSES)
    if size > 32:
        for row, image in enumerate(images):
            place = folder / "classes" / str(row % CLASSES)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{row}.jpg", quality=90)
        dataset = ImageFolder(folder / "classes", transform)
    return DataLoader(dataset, BATCH, shuffle=True, num_workers=2, persistent_workers=True)


def ours(images: np.ndarray) -> Callable[[], None]:
    epochs = iter(range(10**6))
    batches = TrainingBatches(
        {"untouched": as_tensor(images[None])},
        torch.arange(len(images)) % CLASSES,
        lambda: {"untouched": 1},
        BATCH,
        seed=0,
        position=lambda: (next(epochs), 0),
    )

    def epoch() -> None:
        for batch in batches:
            jitter(batch.images, shift=SHIFT, flip=True)

    return epoch


def drain(loader: Iterable[Any]) -> None:
    for _ in loader:
        pass


def main() -> None:
    for size, (count, target) in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            images = photographs(count, size, Path(name) / "images.npy")
            loader, epoch = theirs(images, Path(name)), ours(images)
            drain(loader)  # its workers have started
            epoch()
            compare(f"input_pipeline_{size}", target, epoch, partial(drain, loader), rounds=5)


if __name__ == "__main__":
    main()
