import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scored_project import scored

from constancy.data.packed import Dataset
from constancy.errors import UserError
from constancy.evaluation.evaluate import Evaluation
from constancy.files import read_json, write_json
from constancy.models.disk import load_model, save_model, weights_digest
from constancy.paths import CANDIDATE, PREPARED, SUITES
from constancy.settings.base import COMBINED, FACTORS, PIXEL_FACTORS
from constancy.variation.controls import CONTROLS


@pytest.fixture
def changed(project: Path, tmp_path: Path) -> Path:
    """A copy of the project to spoil."""
    return Path(shutil.copytree(project, tmp_path / "project"))


def test_a_trained_network_is_scored_on_all_seven_factors(
    project: Path, evaluation: Evaluation
) -> None:
    metrics = evaluation.metrics
    assert metrics.suite == read_json(project / SUITES / "test/suite.json")["digest"]
    assert tuple(metrics.factors) == FACTORS
    assert metrics.clean.count == 270
    assert metrics.clean.accuracy > 0.7
    occlusion = metrics.factors["occlusion"].severities
    assert occlusion[0] > occlusion[4]


def test_the_answers_are_those_of_the_saved_network(project: Path, evaluation: Evaluation) -> None:
    network, _ = load_model(project / CANDIDATE)
    images = torch.from_numpy(np.array(evaluation.split.images)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        np.testing.assert_allclose(evaluation.clean, network(images).numpy(), atol=1e-4)
    assert {name: logits.shape[0] for name, logits in evaluation.varied.items()} == dict.fromkeys(
        [*PIXEL_FACTORS, COMBINED], 5
    )
    assert {name: logits.shape for name, logits in evaluation.controls.items()} == dict.fromkeys(
        CONTROLS, (5, len(evaluation.base_rows), 10)
    )
    assert evaluation.weights == weights_digest(project / CANDIDATE)
    assert evaluation.parameters == sum(each.numel() for each in network.parameters())


def test_the_same_model_and_data_give_the_same_scores(
    project: Path, evaluation: Evaluation
) -> None:
    assert scored(project).metrics == evaluation.metrics


def test_a_model_of_other_classes_is_refused(changed: Path) -> None:
    path = changed / PREPARED / "dataset.json"
    values = read_json(path)
    values["classes"][3] = "three"
    write_json(path, values)
    with pytest.raises(UserError, match="only the model has '3'"):
        scored(changed)


def test_a_model_of_the_same_classes_in_another_order_is_refused(changed: Path) -> None:
    path = changed / PREPARED / "dataset.json"
    values = read_json(path)
    values["classes"].reverse()
    write_json(path, values)
    with pytest.raises(UserError, match="another order"):
        scored(changed)


def test_a_model_for_images_prepared_otherwise_is_refused(changed: Path) -> None:
    path = changed / PREPARED / "dataset.json"
    values = read_json(path)
    values["image"]["fit"] = "crop"
    write_json(path, values)
    with pytest.raises(UserError, match="prepared otherwise"):
        scored(changed)


def test_a_suite_of_other_images_is_refused(changed: Path) -> None:
    path = changed / PREPARED / "test/index.parquet"
    index = pd.read_parquet(path)
    index["id"] = index["id"].to_numpy()[::-1]
    index.to_parquet(path)
    with pytest.raises(UserError, match="another test split"):
        scored(changed)


def test_a_suite_of_a_larger_test_split_is_refused(changed: Path) -> None:
    folder = changed / PREPARED / "test"
    for name in ("images", "labels"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[:20])
    index = pd.read_parquet(folder / "index.parquet")
    index.head(20).to_parquet(folder / "index.parquet")
    with pytest.raises(UserError, match="another test split"):
        scored(changed)


def test_a_missing_suite_is_told_in_one_sentence(changed: Path) -> None:
    shutil.rmtree(changed / SUITES)
    with pytest.raises(UserError, match="holds no whole suite"):
        scored(changed)


def test_missing_data_are_told_in_one_sentence(changed: Path) -> None:
    shutil.rmtree(changed / PREPARED / "test")
    with pytest.raises(UserError, match="make run"):
        scored(changed)


def test_a_test_split_without_images_is_refused(changed: Path) -> None:
    folder = changed / PREPARED / "test"
    for name in ("images", "labels"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[:0])
    pd.read_parquet(folder / "index.parquet").head(0).to_parquet(folder / "index.parquet")
    with pytest.raises(UserError, match="holds no images"):
        scored(changed)


def test_a_network_that_diverged_is_refused(changed: Path) -> None:
    network, card = load_model(changed / CANDIDATE)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    save_model(changed / CANDIDATE, network, card)
    assert Dataset.load(changed / PREPARED).classes == card.classes
    with pytest.raises(UserError, match="training diverged"):
        scored(changed)
