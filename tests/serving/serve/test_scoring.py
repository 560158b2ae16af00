"""MLflow's scoring server on a model in a folder."""

import gc
from pathlib import Path

from constancy.serving.predictor import Predictor
from constancy.serving.serve.scoring import scoring_app


def test_a_model_that_serves_no_more_leaves_the_memory(trained: Path) -> None:
    before = predictors()
    for _ in range(4):
        scoring_app(trained)
    # MLflow keeps the last one that it loaded.
    assert predictors() - before <= 1


def predictors() -> int:
    """In this process, where other tests may hold some."""
    gc.collect()
    return sum(isinstance(each, Predictor) for each in gc.get_objects())
