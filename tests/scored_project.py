"""A small project as the stages before evaluation leave it: images, a trained network, a suite."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from constancy import settings
from constancy.data.packed import Dataset, PackedSplit
from constancy.evaluation.evaluate import Evaluation, evaluate
from constancy.evaluation.history import load_history, load_run
from constancy.files import write_json
from constancy.models.disk import ModelCard, save_model
from constancy.paths import CANDIDATE, HISTORY, PARAMS, PREPARED, REPORTS, RUN, SUITES
from constancy.settings.data import Image
from constancy.settings.evaluate import Evaluate
from constancy.variation.embedding import fit_embedding
from constancy.variation.write_suites import write_suites


def digits(size: int) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits as uint8, N x size x size x 1, with their labels."""
    bunch = load_digits()
    pictures = [
        Pillow.fromarray((each * 15).astype(np.uint8)).resize(
            (size, size), Pillow.Resampling.BICUBIC
        )
        for each in bunch.images
    ]
    return np.stack([np.asarray(each) for each in pictures])[..., None], bunch.target


def committed() -> settings.Settings:
    """The settings of the committed params.yaml."""
    return settings.load_settings(Path(__file__).parents[1] / PARAMS)


def write_prepared(
    folder: Path, images: np.ndarray, labels: np.ndarray, classes: list[str], tests: int
) -> Dataset:
    """Prepared data whose last `tests` images are the test split; the others are for training, and
    none for validation.
    """
    pixels = images[:-tests].reshape(-1, images.shape[-1]).astype(np.float64)
    color = "grey" if images.shape[-1] == 1 else "rgb"
    dataset = Dataset(
        classes=classes,
        image=Image(size=images.shape[1], color=color, fit="pad"),
        mean=pixels.mean(0).tolist(),
        std=(pixels.std(0) + 1).tolist(),
    )
    folder.mkdir(parents=True)
    dataset.save(folder)
    rest = len(labels) - tests
    parts = {"train": slice(0, rest), "validation": slice(0, 0), "test": slice(rest, None)}
    for name, part in parts.items():
        (folder / name).mkdir()
        count = len(labels[part])
        np.save(folder / name / "images.npy", images[part])
        np.save(folder / name / "labels.npy", labels[part].astype(np.int64))
        ids = [f"{name}-{row:010}".rjust(16, "0")[-16:] for row in range(count)]
        index = {"id": ids, "path": ids, "group": [None] * count, "sha256": ids}
        pd.DataFrame(index).to_parquet(folder / name / "index.parquet")
    return dataset


def write_suite(folder: Path, prepared: Path, images: int) -> None:
    """The test split's suite of so many base images, with the strengths of the committed params."""
    variation = committed().variation
    embedding = fit_embedding(PackedSplit.load(prepared / "train"))
    split, classes = PackedSplit.load(prepared / "test"), Dataset.load(prepared).classes
    write_suites("test", split, classes, embedding, variation, images, 0, folder, workers=1)


def train_model(folder: Path, prepared: Path, epochs: int, filters: list[int]) -> pd.DataFrame:
    """Train a small Cnn, save it into `folder`, and give its training history.

    There is no validation split: those columns follow the training accuracy.
    """
    dataset, split = Dataset.load(prepared), PackedSplit.load(prepared / "train")
    structure = {
        "filters": filters,
        "kernel": 3,
        "stride": 1,
        "pool": 2,
        "hidden": 64,
        "dropout": 0.1,
    }
    card = ModelCard(
        name="cnn",
        structure=structure,
        classes=dataset.classes,
        image=dataset.image.model_dump(),
        mean=dataset.mean,
        std=dataset.std,
    )
    torch.manual_seed(0)
    network = card.build()
    images = torch.from_numpy(np.array(split.images)).permute(0, 3, 1, 2)
    labels = torch.from_numpy(split.labels)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.004)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.004, total_steps=epochs * -(-len(labels) // 64)
    )
    rows = []
    for epoch in range(epochs):
        network.train()
        right, loss_sum = 0, 0.0
        for batch in torch.randperm(len(labels)).split(64):
            logits = network(images[batch])
            loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            right += int((logits.argmax(1) == labels[batch]).sum())
            loss_sum += loss.item() * len(batch)
        accuracy = right / len(labels)
        rows.append(
            {
                "epoch": epoch,
                "train_loss": loss_sum / len(labels),
                "train_accuracy": accuracy,
                "validation_accuracy": accuracy * 0.99,
                "validation_factors": accuracy * 0.9,
                "validation_combined": accuracy * 0.8,
                "validation_score": accuracy * 0.95,
                "rate": schedule.get_last_lr()[0],
            }
        )
    folder.mkdir(parents=True)
    save_model(folder, network, card)
    return pd.DataFrame(rows)


def write_project(folder: Path, *, size: int, suite_images: int, epochs: int) -> None:
    """A whole project of digits under `folder`, at the paths that `constancy.paths` names."""
    images, labels = digits(size)
    classes = [str(digit) for digit in range(10)]
    write_stages(
        folder, images, labels, classes, tests=270, suite_images=suite_images, epochs=epochs
    )


def write_stages(
    folder: Path,
    images: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
    *,
    tests: int,
    suite_images: int,
    epochs: int,
) -> None:
    """What the stages before evaluation leave, for any images."""
    prepared = folder / PREPARED
    write_prepared(prepared, images, labels, classes, tests)
    write_suite(folder / SUITES / "test", prepared, suite_images)
    history = train_model(folder / CANDIDATE, prepared, epochs, [16, 32])
    (folder / REPORTS).mkdir()
    history.to_csv(folder / HISTORY, index=False)
    choices = {"precision": "fp32", "batch_size": 64}
    write_json(folder / RUN, {"settings": committed().model_dump(), "choices": choices})


def training(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """What the report needs of the training of the project under `folder`: history and run."""
    return load_history(folder / HISTORY), load_run(folder / RUN)


def scored(folder: Path, examples: int = 5) -> Evaluation:
    """The evaluation of the project under `folder`."""
    how = Evaluate(batch_size=500, precision="fp32", examples=examples)
    return evaluate(folder / CANDIDATE, folder / PREPARED, folder / SUITES / "test", how)
