"""The data module: batches straight from the packed arrays, without worker processes."""

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor

from constancy.data.packed import PackedSplit
from constancy.training.mix import UNTOUCHED, AdaptiveMix, FixedMix, draw_epoch
from constancy.variation.suites import Suite

VALIDATION_BATCH = 512  # images at the most; fewer where memory made training take few
_RESIDENT_SHARE = 0.5  # of the GPU's free memory that images may take


class Batch(NamedTuple):
    """images: uint8, N x H x W x C; labels: int64, N; group: what a validation batch tests."""

    images: Tensor
    labels: Tensor
    group: str

    def to(self, device: torch.device) -> "Batch":
        """The batch there; nothing waits until it has come."""
        images, labels = (each.to(device, non_blocking=True) for each in self[:2])
        return Batch(images, labels, self.group)


@dataclass
class TrainingBatches:
    """One epoch after another of the training images, mixed from untouched ones and copies.

    sources: for each kind in the mix, uint8, K x N x H x W x C (K = 1 for untouched images), all on
    the device of the labels (int64, N), which is where batches are put together; weights: how often
    each is seen, asked for anew in each epoch; position: the epoch, and the batch in it to start
    with, asked for when the first batch is.
    Batches differ in size by one image at the most, so that every image is seen in every epoch and
    none makes a batch of its own. With several processes each sees its own part of every batch, all
    as many; of what cannot be shared out evenly, less than one image each, an epoch sees nothing.
    """

    sources: Mapping[str, Tensor]
    labels: Tensor
    weights: Callable[[], Mapping[str, float]]
    batch_size: int
    seed: int
    position: Callable[[], tuple[int, int]]
    rank: int = 0
    processes: int = 1

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = self.position()
        weights, count = self.weights(), len(self.labels)
        copies = {kind: len(self.sources[kind]) for kind in weights}
        drawn = draw_epoch(count, weights, copies, seed=self.seed, epoch=epoch)
        each = count // self.processes
        mine = np.arange(each * self.processes).reshape(each, -1)[:, self.rank]
        parts = np.array_split(mine, len(self))[first:]
        # Images of a kind stand together in a batch, so that each kind is one gather; and all
        # places go to the device at once, so that nothing waits for it later.
        parts = [part[np.argsort(drawn.kinds[part], kind="stable")] for part in parts]
        order = np.concatenate([*parts, np.empty(0, np.int64)])
        rows = torch.from_numpy(drawn.rows[order]).to(self.labels.device)
        places = torch.from_numpy(drawn.copies[order] * count + drawn.rows[order]).to(rows.device)
        flat = [self.sources[kind].flatten(0, 1) for kind in weights]
        # What is small is worked out here: between two steps it would find cold caches.
        counts = [np.bincount(drawn.kinds[part], minlength=len(flat)).tolist() for part in parts]
        sizes = [len(part) for part in parts]
        each_batch = zip(counts, places.split(sizes), self.labels[rows].split(sizes), strict=True)
        for kinds, chosen, labels in each_batch:
            images = flat[0].new_empty((len(labels), *flat[0].shape[1:]))
            pieces = zip(flat, images.split(kinds), chosen.split(kinds), strict=True)
            for source, piece, of_kind in pieces:
                torch.index_select(source, 0, of_kind, out=piece)
            yield Batch(images, labels, "")


@dataclass
class ValidationBatches:
    """The validation split, then its suites, batch by batch.

    groups: images (uint8, N x H x W x C) and labels (int64, N) under the name of what they test:
    "clean" or a factor's. With several processes each sees its own part.
    """

    groups: Mapping[str, tuple[Tensor, Tensor]]
    batch_size: int
    rank: int = 0
    processes: int = 1

    def __iter__(self) -> Iterator[Batch]:
        stride = self.batch_size * self.processes
        for group, (images, labels) in self.groups.items():
            for start in range(self.rank, len(labels), stride):
                part = slice(start, start + stride, self.processes)
                yield Batch(images[part], labels[part], group)


class ImageData(LightningDataModule):
    """Training and validation batches from the stages' folders.

    prepared, augmented, suites: the folders that the stages prepare and augment wrote; mix: how
    often training sees each kind of image.
    """

    def __init__(
        self,
        prepared: Path,
        augmented: Path,
        suites: Path,
        *,
        mix: FixedMix | AdaptiveMix,
        seed: int,
    ) -> None:
        super().__init__()
        self.batch_size: int | None = None  # of training, set before it
        self.train = PackedSplit.load(prepared / "train")
        self.validation = PackedSplit.load(prepared / "validation")
        self.suite = Suite.load(suites / "validation")
        self.sources = {
            kind: self.train.images[None]
            if kind == UNTOUCHED
            else np.load(augmented / kind / "images.npy", mmap_mode="r", allow_pickle=False)
            for kind in mix.weights
        }
        self.mix = mix
        self.seed = seed

    @property
    def validation_images(self) -> int:
        """How many images a validation sees, variants included."""
        variants = (images[..., 0, 0, 0].size for images in self.suite.images.values())
        return len(self.validation) + sum(variants)

    def validation_groups(self, device: torch.device) -> dict[str, tuple[Tensor, Tensor]]:
        """Images and labels of each group that validation batches test; on the CPU in the arrays' own
        memory.
        """
        groups = {"clean": (self.validation.images, self.validation.labels)}
        labels = self.suite.index["label"].to_numpy()
        for factor, images in self.suite.images.items():
            variants = images.reshape(-1, *images.shape[3:])
            groups[factor] = variants, np.tile(labels, len(variants) // len(labels))
        return {
            name: (as_tensor(images).to(device), as_tensor(labels).to(device))
            for name, (images, labels) in groups.items()
        }

    def limit(self, images: int) -> None:
        """Leave the first so many images of training and of validation, whatever its suites hold."""
        self.train, self.validation = (each.first(images) for each in (self.train, self.validation))
        self.sources = {kind: each[:, :images] for kind, each in self.sources.items()}

    def digest(self) -> str:
        """SHA-256, hexadecimal, over the images and labels that train and the suite that validates."""
        images = "".join(self.train.index["sha256"])
        labels = self.train.labels.tobytes().hex()
        return hashlib.sha256(f"{images} {labels} {self.suite.digest}".encode()).hexdigest()

    def transfer_batch_to_device(
        self,
        batch: Batch,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002
    ) -> Batch:
        # As Lightning does it, without its search for what could be moved.
        return batch.to(device)

    def train_dataloader(self) -> TrainingBatches:
        trainer = self.trainer
        assert trainer is not None
        assert self.batch_size is not None
        progress = trainer.fit_loop.epoch_loop.batch_progress
        device = _home(trainer.strategy.root_device, self.sources.values())
        return TrainingBatches(
            {kind: as_tensor(images).to(device) for kind, images in self.sources.items()},
            torch.from_numpy(self.train.labels).to(device),
            lambda: self.mix.weights,
            self.batch_size,
            self.seed,
            # Both are those of the checkpoint where training goes on from one.
            position=lambda: (trainer.current_epoch, progress.current.completed),
            rank=trainer.global_rank,
            processes=trainer.world_size,
        )

    def val_dataloader(self) -> ValidationBatches:
        assert self.trainer is not None
        assert self.batch_size is not None
        images = [self.validation.images, *self.suite.images.values()]
        device = _home(self.trainer.strategy.root_device, images)
        return ValidationBatches(
            self.validation_groups(device),
            batch_size=min(VALIDATION_BATCH, 4 * self.batch_size),
            rank=self.trainer.global_rank,
            processes=self.trainer.world_size,
        )


def as_tensor(array: np.ndarray) -> Tensor:
    """A tensor on the array's own memory, also where that is a file mapped for reading."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable.*")  # nobody writes there
        return torch.from_numpy(array)


def _home(device: torch.device, arrays: Iterable[np.ndarray]) -> torch.device:
    """Where images lie while training: on the GPU if they fit, else where they are."""
    if device.type != "cuda":
        return torch.device("cpu")
    free, _ = torch.cuda.mem_get_info(device)
    fits = sum(array.nbytes for array in arrays) <= _RESIDENT_SHARE * free
    return device if fits else torch.device("cpu")
