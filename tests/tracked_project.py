"""A project whose earlier stages are done: a model, its scores, and a place to track them."""

import io
import shutil
import warnings
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from constancy.evaluation.predictions import Predictions
from constancy.files import read_json, write_json
from constancy.models.disk import ModelCard, save_model, weights_digest
from constancy.page import ORIGIN, VERDICT
from constancy.paths import (
    CANDIDATE,
    DECISION,
    EVALUATION,
    METRICS,
    PREDICTIONS,
    REPORT,
)
from constancy.registry.decision import Decision
from constancy.registry.judging import Files
from constancy.registry.promotion import register
from constancy.registry.sqlite import prepare_sqlite
from constancy.registry.store import connect, experiment, quiet_mlflow
from constancy.registry.tracking import WEIGHTS_TAG
from constancy.settings import FACTORS, PIXEL_FACTORS, Settings

if TYPE_CHECKING:
    from mlflow.entities import Run

CARD = ModelCard(
    name="mlp",
    structure={"hidden": [32], "dropout": 0.0},
    classes=[str(digit) for digit in range(10)],
    image={"size": 8, "color": "grey", "fit": "pad"},
    mean=[73.0],
    std=[90.0],
)
SUITE = "5" * 64


def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits: uint8, N x 8 x 8, and their labels."""
    bunch = load_digits()
    return (bunch.images * 15).astype(np.uint8), bunch.target


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def write_model(folder: Path, seed: int = 0, card: ModelCard = CARD) -> Path:
    """A model with fresh weights."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder, card.build(), card)
    return folder


def write_trained_model(folder: Path) -> Path:
    """A model that was taught the digits for a second."""
    torch.manual_seed(0)
    images, labels = digits()
    pixels, targets = torch.from_numpy(images)[:, None], torch.from_numpy(labels)
    network = CARD.build()
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(pixels), targets).backward()
        optimizer.step()
    folder.mkdir(parents=True)
    save_model(folder, network, CARD)
    return folder


def scores(accuracy: float = 0.98, *, suite: str = SUITE, **factors: float) -> dict[str, Any]:
    """The contents of metrics.json; a factor of its own accuracy as `occlusion=0.9`."""
    accuracies = {name: factors.get(name.replace("-", "_"), accuracy) for name in FACTORS}
    worst = min(accuracies, key=lambda name: accuracies[name])
    return {
        "clean": {"accuracy": factors.get("clean", accuracy), "count": 270, "ece": 0.02},
        "factors": {
            name: {"accuracy": value, "retention": value / 0.98, "severities": [value] * 5}
            for name, value in accuracies.items()
        },
        "combined": {"accuracy": 0.9, "retention": 0.91, "severities": [0.9] * 5},
        "sensitivity": {"accuracy": 0.95, "count": 100},
        "worst_factor": {"name": worst, "accuracy": accuracies[worst]},
        "worst_cluster": None,
        "suite": suite,
    }


def answers(metrics: dict[str, Any], count: int = 200) -> Predictions:
    """Answers to so many test images with these accuracies, as far as a count allows.

    Of two models the better one is right wherever the other is.
    """
    labels, eye = np.arange(count) % 10, 5 * np.eye(10, dtype=np.float32)

    def logits(accuracy: float) -> np.ndarray:
        wrong = np.arange(count) >= round(accuracy * count)
        return eye[(labels + wrong) % 10]

    varied = {name: metrics["factors"][name]["accuracy"] for name in PIXEL_FACTORS}
    varied |= {"combined": metrics["combined"]["accuracy"]}
    ids = np.array([f"{row:064d}" for row in range(count)])
    return Predictions(
        suite=metrics["suite"],
        classes=CARD.classes,
        ids=ids,
        paths=ids,
        labels=labels,
        rows=np.arange(count),
        severity=np.arange(count) % 5 + 1,
        rivals=np.full(count, -1),
        clean=logits(metrics["clean"]["accuracy"]),
        varied={name: np.tile(logits(share), (5, 1, 1, 1)) for name, share in varied.items()},
        controls={},
    )


@dataclass
class Project:
    """The current folder as a project."""

    settings: Settings
    values: dict[str, Any]

    def with_checks(self, **checks: dict[str, float]) -> "Project":
        values = deepcopy(self.values)
        for name, check in checks.items():
            values["promotion"]["checks"][name] |= check
        return Project(Settings.model_validate(values), values)

    def with_tracking(self, **tracking: str) -> "Project":
        values = deepcopy(self.values)
        values["tracking"] |= tracking
        return Project(Settings.model_validate(values), values)

    def weights(self, seed: int = 0) -> str:
        """The digest of the model of that seed."""
        return weights_digest(write_model(CANDIDATE, seed))

    def register(
        self,
        seed: int = 0,
        metrics: dict[str, Any] | None = None,
        run_id: str | None = None,
        card: ModelCard = CARD,
    ) -> Decision:
        """Register the model of that seed, as the stage does."""
        write_model(CANDIDATE, seed, card)
        write_json(METRICS, metrics or scores())
        if run_id is not None:
            client = connect(self.settings.tracking)
            client.set_tag(run_id, WEIGHTS_TAG, weights_digest(CANDIDATE))
        return self.judge(CANDIDATE)

    def judge(self, candidate: Path, answered: Predictions | None = None) -> Decision:
        """Register the model in a folder by the metrics that are there, and answers that fit them."""
        EVALUATION.write_text(f"<html>{VERDICT}<dl>{ORIGIN}</dl></html>")
        (answered or answers(read_json(METRICS))).save(PREDICTIONS)
        return register(
            self.settings,
            Files(model=candidate),
            page=EVALUATION,
            report=REPORT,
            decision_file=DECISION,
        )


def runs(project: Project) -> "list[Run]":
    """All runs of the project's experiment."""
    client = connect(project.settings.tracking)
    return list(client.search_runs([experiment(client, project.settings.tracking)]))


def empty_store(folder: Path) -> Path:
    """A SQLite store with MLflow's tables, to be copied: making one takes a second."""
    quiet_mlflow()
    file = folder / "mlflow.db"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own migrations are full of deprecated calls
        prepare_sqlite(file)
    return file


def project_in(folder: Path, values: dict[str, Any], store: Path) -> Project:
    """A project in a folder, with a copy of an empty store in it."""
    shutil.copyfile(store, folder / "mlflow.db")
    return Project(Settings.model_validate(values), values)
