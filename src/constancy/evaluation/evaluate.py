"""A model against the test split and its suite: what it answers, and how often it is right."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from constancy.data.packed import SPLITS, Dataset, PackedSplit
from constancy.errors import UserError
from constancy.evaluation.answers import answer_all
from constancy.evaluation.harmful import Flip, worst_flips
from constancy.evaluation.learned import Learned, what_was_learned
from constancy.evaluation.predict import device_at_hand
from constancy.evaluation.predictions import Predictions
from constancy.evaluation.scores import Metrics, score
from constancy.models.disk import ModelCard, load_model, weights_digest
from constancy.models.network import Network
from constancy.settings.base import PIXEL_FACTORS
from constancy.settings.evaluate import Evaluate
from constancy.variation.suites import Suite, check_suite


@dataclass(frozen=True)
class Evaluation:
    """A model's answers on the test split and its suite, with all that they mean.

    weights: SHA-256 of the weights; parameters: how many numbers the network has; counts:
    for each split, how many images it has of each class; clean: float32
    logits, N x classes, for the test split; varied: for each pixel factor, and for several at once
    ("combined"), float32 logits, severities x directions x n x classes; controls: for each factor
    that has them, severities x n x classes; flips: the worst that variation does; learned: pictures of
    the network; examples: how many base images the report shows.
    """

    card: ModelCard
    weights: str
    parameters: int
    dataset: Dataset
    counts: dict[str, list[int]]
    split: PackedSplit
    suite: Suite
    clean: np.ndarray
    varied: dict[str, np.ndarray]
    controls: dict[str, np.ndarray]
    metrics: Metrics
    flips: list[Flip]
    learned: Learned
    examples: int

    @property
    def base_rows(self) -> np.ndarray:
        """int64, n: the rows of the test split that the suite varies."""
        return self.suite.index["row"].to_numpy()

    @cached_property
    def answers(self) -> np.ndarray:
        """int64, N: the class answered for each clean image."""
        return self.clean.argmax(-1)

    @cached_property
    def variant_answers(self) -> dict[str, np.ndarray]:
        """For each pixel factor, int64, severities x directions x n: those answered for variants."""
        return {name: self.varied[name].argmax(-1) for name in PIXEL_FACTORS}


def evaluate(model: Path, prepared: Path, suite: Path, settings: Evaluate) -> Evaluation:
    """The model in folder `model`, scored on the test split in `prepared` and on the folder `suite`.

    Raises UserError, before any work, for a model that was not made for these data and for a suite
    that was not made from this test split.
    """
    dataset, splits, loaded = load_data(prepared, suite)
    split = splits["test"]
    network, card = load_fitting_model(model, dataset)
    network = network.to(device_at_hand())
    answers = answer_all(network, split, loaded, settings)
    return Evaluation(
        card=card,
        weights=weights_digest(model),
        parameters=sum(each.numel() for each in network.parameters()),
        dataset=dataset,
        counts={
            name: np.bincount(each.labels, minlength=len(dataset.classes)).tolist()
            for name, each in splits.items()
        },
        split=split,
        suite=loaded,
        clean=answers.clean,
        varied=answers.varied,
        controls=answers.controls,
        metrics=score(answers, split.labels, dataset.classes, loaded),
        flips=worst_flips(network, answers, split, loaded),
        learned=what_was_learned(
            network, np.array(split.images[loaded.index["row"][0]]), answers.invariance
        ),
        examples=settings.examples,
    )


def answer_again(model: Path, prepared: Path, suite: Path, settings: Evaluate) -> Predictions:
    """The answers of the model in folder `model` to the test split and suite of today, alone.

    Raises UserError as `evaluate` does.
    """
    dataset, splits, loaded = load_data(prepared, suite)
    network, _ = load_fitting_model(model, dataset)
    split = splits["test"]
    answers = answer_all(network, split, loaded, settings)
    return Predictions.of(
        dataset.classes, split, loaded, answers.clean, answers.varied, answers.controls
    )


def load_data(prepared: Path, suite: Path) -> tuple[Dataset, dict[str, PackedSplit], Suite]:
    """The splits in `prepared`, and the suite of their test split. Raises UserError as `evaluate`."""
    dataset, splits = load_splits(prepared)
    loaded = Suite.load(suite)
    check_suite(suite, loaded, "test", splits["test"])
    return dataset, splits, loaded


def load_splits(prepared: Path) -> tuple[Dataset, dict[str, PackedSplit]]:
    """The splits in `prepared`, by name. Raises UserError unless there are images to test on."""
    try:
        dataset = Dataset.load(prepared)
        splits = {name: PackedSplit.load(prepared / name) for name in SPLITS}
    except FileNotFoundError:
        raise UserError(f"{prepared} holds no test split: `make run` prepares it") from None
    except (ValueError, KeyError, TypeError, EOFError, pa.ArrowInvalid):
        raise UserError(f"{prepared} cannot be read: `make run` prepares it again") from None
    if not len(splits["test"]):
        raise UserError(f"{prepared / 'test'} holds no images: raise data.split.test")
    return dataset, splits


def load_fitting_model(folder: Path, dataset: Dataset) -> tuple[Network, ModelCard]:
    """The model in a folder. Raises UserError if it was made for other data than these."""
    network, card = load_model(folder)
    if card.classes != dataset.classes:
        raise UserError(
            f"{folder} knows other classes than the prepared data "
            f"({_difference(card.classes, dataset.classes)}): `make run` trains again"
        )
    if card.image != dataset.image.model_dump():
        raise UserError(
            f"{folder} was trained on images prepared otherwise ({card.image}) than the data at "
            f"hand ({dataset.image.model_dump()}): `make run` trains again"
        )
    return network, card


def _difference(of_model: list[str], of_data: list[str]) -> str:
    """One thing in which two lists of classes differ, in words."""
    for which, ours, others in (("model", of_model, of_data), ("data", of_data, of_model)):
        if only := [name for name in ours if name not in others]:
            return f"only the {which} has '{only[0]}'"
    return "the same ones in another order"
