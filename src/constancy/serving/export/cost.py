"""What quantisation costs: the original and the int8 model on the frozen suite, before the gate."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from constancy.data.packed import PackedSplit
from constancy.evaluation.answers import Answers, answer_all
from constancy.evaluation.compared import Comparison, compare
from constancy.evaluation.invariance import Invariance
from constancy.evaluation.predict import predict_logits
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.scores import score
from constancy.models.network import Network
from constancy.progress import progress
from constancy.registry.gate import Floor, Paired, judge
from constancy.serving.export.original import Answer, Original
from constancy.settings.evaluate import Evaluate
from constancy.settings.promotion import Promotion
from constancy.variation.suites import Suite


@dataclass(frozen=True)
class Cost:
    """The int8 model beside the original on the same images.

    comparison: score by score; floors: what the int8 model has to reach; comparisons: how far it may
    fall behind the original; answered: the original's answers.
    """

    comparison: Comparison
    floors: list[Floor]
    comparisons: list[Paired]
    answered: Predictions

    @property
    def missed(self) -> list[str]:
        """The checks that the gate would not let pass, by name."""
        below = [each.name for each in self.floors if not each.held]
        behind = [
            each.name for each in self.comparisons if each.standing in ("inferior", "inconclusive")
        ]
        return list(dict.fromkeys([*below, *behind]))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "missed": self.missed,
            "floors": [asdict(each) for each in self.floors],
            "margins": [asdict(each) for each in self.comparisons],
            "comparison": self.comparison.as_json("original", "int8", self.answered),
        }


def cost(
    original: Original,
    int8: Answer,
    split: PackedSplit,
    suite: Suite,
    evaluate: Evaluate,
    promotion: Promotion,
) -> Cost:
    """Score both models on the test split and its suite, as the stage `evaluate` does.

    Raises UserError for outputs that are not finite.
    """
    classes = original.card.classes
    before = answer_all(original.network, split, suite, evaluate)
    after = _answer_all(int8, original.network, split, suite, evaluate.batch_size)
    one, other = (
        Predictions.of(classes, split, suite, each.clean, each.varied, each.controls)
        for each in (before, after)
    )
    judgement = judge(score(after, split.labels, classes, suite).as_json(), promotion, other, one)
    return Cost(compare(one, other), judgement.floors, judgement.comparisons, one)


class _Logits(nn.Module):
    """An exported model in a network's place. Logarithms of probabilities are logits, too."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, images: Tensor) -> Tensor:
        probabilities = torch.from_numpy(self.answer(images.permute(0, 2, 3, 1).numpy()))
        return probabilities.clamp_min(torch.finfo(torch.float32).tiny).log()


def _answer_all(
    answer: Answer, network: Network, split: PackedSplit, suite: Suite, batch_size: int
) -> Answers:
    """As `answer_all`, but that no layers can be watched."""
    arrays = (split.images, *suite.images.values(), *suite.controls.values())
    with progress("int8", total=sum(int(np.prod(each.shape[:-3])) for each in arrays)) as bar:

        def logits(images: np.ndarray) -> np.ndarray:
            return predict_logits(
                _Logits(answer),
                images,
                batch_size,
                "cpu",
                after=lambda rows: bar.update(rows.stop - rows.start),
            )

        return Answers(
            clean=logits(split.images),
            varied={name: logits(images) for name, images in suite.images.items()},
            controls={name: logits(images) for name, images in suite.controls.items()},
            invariance=Invariance(network),
        )
