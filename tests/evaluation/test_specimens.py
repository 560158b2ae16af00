"""The kinds of specimens that a model knows least."""

import numpy as np

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.specimens import IMAGES, KINDS, worst_kinds


def test_the_worst_is_that_of_the_metrics_and_shows_its_mistakes_first(
    evaluation: Evaluation,
) -> None:
    kinds = worst_kinds(evaluation)
    worst = evaluation.metrics.worst_cluster
    assert worst is not None
    assert 0 < len(kinds) <= KINDS
    assert (kinds[0].label, kinds[0].accuracy, kinds[0].count) == (
        *(worst.label, worst.accuracy, worst.count),
    )
    assert [kind.accuracy for kind in kinds] == sorted(kind.accuracy for kind in kinds)
    for kind in kinds:
        right = evaluation.clean[kind.rows].argmax(-1) == kind.label
        assert len(kind.rows) <= IMAGES
        assert (evaluation.split.labels[kind.rows] == kind.label).all()
        assert (np.diff(right.astype(int)) >= 0).all()
        assert not right[0]
