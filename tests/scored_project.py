"""A small project as the earlier stages leave it: digits, a network trained on them, and a suite.

The suite's changes are plain array operations: evaluation needs images that get harder with
severity, not the real factors.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from constancy.data.packed import Dataset, PackedSplit
from constancy.files import write_json
from constancy.models.disk import ModelCard, save_model
from constancy.settings.base import PIXEL_FACTORS, SEVERITIES
from constancy.settings.data import Image

DIRECTIONS = {
    "viewpoint": ["left", "right", "up", "down"],
    "illumination": ["darker", "lighter"],
    "scale": ["smaller", "larger"],
    "deformation": ["any"],
    "clutter": ["any"],
    "occlusion": ["any"],
}
STRENGTHS = {
    "viewpoint": {"tilt": [5, 10, 15, 20, 30], "roll": [3, 6, 9, 12, 15]},
    "illumination": {"gamma": [1.25, 1.5, 2, 2.5, 3], "shade": [0.2, 0.35, 0.5, 0.65, 0.8]},
    "scale": {"smaller": [0.9, 0.8, 0.7, 0.6, 0.5], "larger": [1.1, 1.25, 1.4, 1.6, 2]},
    "deformation": {"rms": [0.5, 1, 1.5, 2, 3]},
    "clutter": {"patches": [1, 2, 3, 4, 6]},
    "occlusion": {"area": [0.05, 0.1, 0.2, 0.3, 0.4]},
}


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


def write_prepared(
    folder: Path, images: np.ndarray, labels: np.ndarray, classes: list[str], tests: int
) -> Dataset:
    """Prepared data whose last `tests` images are the test split; the others are for training."""
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
    for name, part in (("train", slice(None, -tests)), ("test", slice(-tests, None))):
        (folder / name).mkdir()
        count = len(labels[part])
        np.save(folder / name / "images.npy", images[part])
        np.save(folder / name / "labels.npy", labels[part].astype(np.int64))
        ids = [f"{name}-{row:010}".rjust(16, "0")[-16:] for row in range(count)]
        index = {"id": ids, "path": ids, "group": [None] * count, "sha256": ids}
        pd.DataFrame(index).to_parquet(folder / name / "index.parquet")
    return dataset


def write_suite(folder: Path, split: PackedSplit, images: int) -> None:
    """A suite of the first `images` of the split, as the augment stage would leave it."""
    folder.mkdir(parents=True)
    ids = split.index["id"].to_numpy()
    rows = np.arange(images)
    pd.DataFrame({"row": rows, "id": ids[rows], "label": split.labels[rows]}).to_parquet(
        folder / "index.parquet"
    )
    for factor in PIXEL_FACTORS:
        varied = [
            [
                _vary(split.images[rows], factor, direction, severity)
                for direction in DIRECTIONS[factor]
            ]
            for severity in SEVERITIES
        ]
        (folder / factor).mkdir()
        np.save(folder / factor / "images.npy", np.array(varied, np.uint8))
    every = np.arange(len(split))
    groups = {"row": every, "id": ids, "severity": every % 5 + 1, "distance": every / len(split)}
    pd.DataFrame(groups).to_parquet(folder / "intra-class.parquet")
    about = {
        "digest": "5a" * 32,
        "seed": 0,
        "directions": DIRECTIONS,
        "strengths": STRENGTHS,
        "libraries": {"numpy": np.__version__, "opencv": "5.0.0", "pillow": "12.0"},
        "images": images,
    }
    write_json(folder / "suite.json", about)


def _vary(images: np.ndarray, factor: str, direction: str, severity: int) -> np.ndarray:
    """The images made harder in some way that resembles the factor; n x H x W x C as given."""
    side = images.shape[1]
    positions = np.arange(side)
    result = images.copy()
    match factor:
        case "viewpoint":
            step = round(severity * side / 40) * (1 if direction in ("right", "down") else -1)
            result = np.roll(images, step, axis=2 if direction in ("left", "right") else 1)
        case "illumination":
            gamma = 1 + 0.5 * severity if direction == "darker" else 1 / (1 + 0.5 * severity)
            result = (255 * (images / 255) ** gamma).round().astype(np.uint8)
        case "scale":
            factor_ = 1 - 0.09 * severity if direction == "smaller" else 1 + 0.15 * severity
            source = np.clip(((positions - side / 2) / factor_ + side / 2).round(), 0, side - 1)
            result = images[:, source.astype(int)][:, :, source.astype(int)]
        case "deformation":
            shifts = (severity * side / 80 * np.sin(positions / side * 9)).round().astype(int)
            for row, shift in enumerate(shifts):
                result[:, row] = np.roll(images[:, row], shift, axis=1)
        case "clutter":
            patch = side // 5
            corners = [(0, 0), (0, -1), (-1, 0), (-1, -1), (0, 1)][:severity]
            others = np.roll(images, 7, axis=0)
            for down, across in corners:
                top = 0 if down == 0 else side - patch
                left = {0: 0, -1: side - patch, 1: (side - patch) // 2}[across]
                piece = others[:, side // 3 : side // 3 + patch, side // 3 : side // 3 + patch]
                result[:, top : top + patch, left : left + patch] = piece
        case "occlusion":
            hidden = round(side * np.sqrt(0.07 * severity))
            for index, image in enumerate(result):
                top, left = (index * 5) % (side - hidden), (index * 11) % (side - hidden)
                image[top : top + hidden, left : left + hidden] = 128
    return result


def train_model(folder: Path, prepared: Path, epochs: int, filters: list[int]) -> pd.DataFrame:
    """Train a small Cnn, save it into `folder`, and give its training history."""
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
                "validation_score": accuracy * 0.95,
                "rate": schedule.get_last_lr()[0],
            }
        )
    folder.mkdir(parents=True)
    save_model(folder, network, card)
    return pd.DataFrame(rows)


def write_project(folder: Path, *, size: int, suite_images: int, epochs: int) -> None:
    """A whole project under `folder`, at the paths that `constancy.paths` names."""
    images, labels = digits(size)
    prepared = folder / "data/prepared"
    write_prepared(prepared, images, labels, [str(digit) for digit in range(10)], tests=270)
    write_suite(folder / "data/suites/test", PackedSplit.load(prepared / "test"), suite_images)
    history = train_model(folder / "models/candidate", prepared, epochs, [16, 32])
    (folder / "reports").mkdir()
    history.to_csv(folder / "reports/history.csv", index=False)
