"""The data module: batches straight from the packed arrays, without worker processes."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
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


class Batch(NamedTuple):
    """images: uint8, N x H x W x C; labels: int64, N; group: what a validation batch tests."""

    images: Tensor
    labels: Tensor
    group: str


@dataclass
class TrainingBatches:
    """One epoch after another of the training images, mixed from untouched ones and copies.

    sources: for each kind in the mix, uint8 arrays K x N x H x W x C (K = 1 for untouched images);
    weights: how often each is seen, asked for anew in each epoch.
    Batches differ in size by one image at the most, so that every image is seen in every epoch and
    none makes a batch of its own. With several processes each sees its own part of every batch.
    """

    sources: Mapping[str, np.ndarray]
    labels: np.ndarray
    weights: Callable[[], Mapping[str, float]]
    batch_size: int
    seed: int
    epoch: Callable[[], int]
    rank: int = 0
    processes: int = 1

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        weights = self.weights()
        kinds = list(weights)
        copies = {kind: len(self.sources[kind]) for kind in kinds}
        epoch = draw_epoch(len(self.labels), weights, copies, seed=self.seed, epoch=self.epoch())
        for part in np.array_split(np.arange(len(self.labels)), len(self)):
            mine = part[self.rank : len(part) - len(part) % self.processes : self.processes]
            rows = epoch.rows[mine]
            images = np.empty((len(mine), *self.sources[kinds[0]].shape[2:]), np.uint8)
            for number, kind in enumerate(kinds):
                here = epoch.kinds[mine] == number
                images[here] = self.sources[kind][epoch.copies[mine][here], rows[here]]
            yield Batch(torch.from_numpy(images), torch.from_numpy(self.labels[rows]), "")


@dataclass
class ValidationBatches:
    """The validation split, then its suites, each under its own name ("clean" or a factor's)."""

    split: PackedSplit
    suite: Suite
    batch_size: int
    rank: int = 0
    processes: int = 1

    def __iter__(self) -> Iterator[Batch]:
        yield from self._batches("clean", self.split.images, self.split.labels)
        labels = self.suite.index["label"].to_numpy()
        for factor, images in self.suite.images.items():
            variants = images.reshape(-1, *images.shape[3:])
            yield from self._batches(
                factor, variants, np.tile(labels, len(variants) // len(labels))
            )

    def _batches(self, group: str, images: np.ndarray, labels: np.ndarray) -> Iterator[Batch]:
        rows = range(self.rank, len(labels), self.processes)
        for start in range(0, len(rows), self.batch_size):
            some = rows[start : start + self.batch_size]
            part = slice(some.start, some.stop, some.step)
            yield Batch(
                torch.from_numpy(np.array(images[part])),
                torch.from_numpy(labels[part]),
                group,
            )


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
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__()
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
        self.batch_size = batch_size
        self.seed = seed

    def digest(self) -> str:
        """SHA-256, hexadecimal, over which images train and the suite that validates."""
        ids = "".join(self.train.index["sha256"])
        return hashlib.sha256(f"{ids} {self.suite.digest}".encode()).hexdigest()

    def train_dataloader(self) -> TrainingBatches:
        trainer = self.trainer
        assert trainer is not None
        return TrainingBatches(
            self.sources,
            self.train.labels,
            lambda: self.mix.weights,
            self.batch_size,
            self.seed,
            epoch=lambda: trainer.current_epoch,
            rank=trainer.global_rank,
            processes=trainer.world_size,
        )

    def val_dataloader(self) -> ValidationBatches:
        assert self.trainer is not None
        return ValidationBatches(
            self.validation,
            self.suite,
            batch_size=512,
            rank=self.trainer.global_rank,
            processes=self.trainer.world_size,
        )
