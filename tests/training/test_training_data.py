"""Batches come straight from the arrays: every image, each as the mix says, on every process."""

import numpy as np
import pytest
import torch
from training_project import Prepared

from constancy.training.data import TrainingBatches, ValidationBatches


def batches(count: int = 50, size: int = 8, **changes: object) -> TrainingBatches:
    """Images whose pixels are their own row, plus 100 and 20 for each copy in a copy."""
    rows = np.arange(count, dtype=np.uint8).reshape(1, -1, 1, 1, 1)
    images = np.tile(rows, (1, 1, 4, 4, 1))
    copies = np.concatenate([images + 100, images + 120])
    values = {
        "sources": {"untouched": torch.from_numpy(images), "scale": torch.from_numpy(copies)},
        "labels": torch.arange(count) % 3,
        "weights": lambda: {"untouched": 1.0, "scale": 1.0},
        "batch_size": size,
        "seed": 0,
        "position": lambda: (0, 0),
    }
    return TrainingBatches(**values | changes)  # type: ignore[arg-type]


def row_of(value: int) -> int:
    return value - 120 if value >= 150 else value - 100 if value >= 100 else value


@pytest.mark.parametrize("size", [2, 7, 8, 49, 50, 64])
def test_an_epoch_holds_every_image_once_with_its_own_label(size: int) -> None:
    some = list(batches(count=20, size=size))
    assert len(some) == len(batches(count=20, size=size))
    sizes = {len(batch.labels) for batch in some}
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= size
    values = torch.cat([batch.images[:, 0, 0, 0] for batch in some]).tolist()
    labels = torch.cat([batch.labels for batch in some]).tolist()
    rows = [value % 20 for value in values]  # 100 and 120 are whole multiples of 20
    assert sorted(rows) == list(range(20))
    assert labels == [row % 3 for row in rows]
    assert {value // 20 for value in values} == {0, 5, 6}  # untouched, first copy, second copy


def test_epochs_are_drawn_anew() -> None:
    def order(epoch: int) -> list[int]:
        return torch.cat(
            [b.images[:, 0, 0, 0] for b in batches(position=lambda: (epoch, 0))]
        ).tolist()

    assert order(0) == order(0)
    assert order(0) != order(1)


@pytest.mark.parametrize("processes", [1, 2])
def test_an_epoch_can_begin_at_any_batch(processes: int) -> None:
    whole = list(batches(processes=processes))
    for first in range(len(whole) + 1):
        rest = list(batches(processes=processes, position=lambda: (0, first)))  # noqa: B023
        assert len(rest) == len(whole) - first
        for one, other in zip(whole[first:], rest, strict=True):
            assert torch.equal(one.images, other.images)
            assert torch.equal(one.labels, other.labels)


def test_processes_share_each_batch_without_overlap() -> None:
    whole = [batch.images[:, 0, 0, 0].tolist() for batch in batches(count=48)]
    parts = [
        [batch.images[:, 0, 0, 0].tolist() for batch in batches(count=48, rank=rank, processes=2)]
        for rank in range(2)
    ]
    for all_of_it, one, other in zip(whole, *parts, strict=True):
        assert sorted(one + other) == sorted(all_of_it)
        assert len(one) == len(other)


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_processes_see_as_many_images_and_nearly_all(processes: int) -> None:
    seen = [
        [b.images[:, 0, 0, 0].tolist() for b in batches(rank=rank, processes=processes)]
        for rank in range(processes)
    ]
    assert len({tuple(map(len, each)) for each in seen}) == 1
    together = [value % 20 for each in seen for batch in each for value in batch]
    assert len(together) == 50 - 50 % processes


def test_validation_covers_the_split_and_every_variant(prepared: Prepared) -> None:
    data = prepared.data(prepared.settings())
    for processes in (1, 2):
        seen: dict[str, int] = {}
        for rank in range(processes):
            for batch in ValidationBatches(
                data.validation_groups(torch.device("cpu")), 33, rank, processes
            ):
                assert batch.images.shape[1:] == (16, 16, 1)
                seen[batch.group] = seen.get(batch.group, 0) + len(batch.labels)
        expected = {
            factor: images[..., 0, 0, 0].size for factor, images in data.suite.images.items()
        }
        assert seen == {"clean": len(data.validation)} | expected


def test_variants_carry_their_own_labels(prepared: Prepared) -> None:
    data = prepared.data(prepared.settings())
    found = [
        b
        for b in ValidationBatches(data.validation_groups(torch.device("cpu")), 7)
        if b.group == "occlusion"
    ]
    labels = torch.cat([batch.labels for batch in found]).numpy().reshape(5, -1)
    assert (labels == data.suite.index["label"].to_numpy()).all()
