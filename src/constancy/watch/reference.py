"""What production is compared with: the images that the model was trained on, and those held out."""

from dataclasses import dataclass

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.evaluation.evaluate import load_splits as load_prepared
from constancy.paths import PREPARED
from constancy.serving.predictor import Predictor
from constancy.variation.embedding import Embedding, fit_embedding
from constancy.watch.drift import FEWEST
from constancy.watch.measures import LABELS
from constancy.watch.pixels import measure_pixels
from constancy.watch.production import answers

MOST = 10_000
"""Images of a split that are measured, at the most: the first, which are as good as drawn."""


@dataclass(frozen=True)
class Splits:
    """The prepared images of the project."""

    train: PackedSplit
    validation: PackedSplit


def load_splits(predictor: Predictor) -> Splits:
    """The project's prepared images, for a model that sees such images.

    Raises UserError if they are missing, damaged, too few, or not of the form and classes of the model.
    """
    dataset, found = load_prepared(PREPARED)
    splits = Splits(found["train"], found["validation"])
    if (dataset.image, dataset.classes) != (predictor.image, predictor.classes):
        raise UserError(
            f"the model sees other images or classes than those in {PREPARED}, so that these say "
            "nothing of what is usual for it: watch with a model that was trained on them (--model)"
        )
    if len(splits.validation) < FEWEST:
        raise UserError(
            f"{len(splits.validation)} validation images are too few to compare with: it takes "
            f"{FEWEST}, see data.split.validation"
        )
    return splits


def measure_reference(
    splits: Splits, predictor: Predictor, *, with_pixels: bool
) -> tuple[dict[str, np.ndarray], Embedding | None]:
    """The measures of what is usual, by name, and the embedding; without pixels, answers alone.

    Pixels are those of training. A model is surer of images that it was trained on, and a PCA shows
    those better that it was fitted to: so confidence, labels and distances are those of validation.
    """
    held_out = splits.validation.first(MOST).images
    labels, sure = answers(predictor, held_out)
    values = {"confidence": sure, LABELS: labels}
    if not with_pixels:
        return values, None
    embedding = fit_embedding(splits.train)
    values |= measure_pixels(splits.train.first(MOST).images)
    values["distance"] = embedding.nearest_centres(held_out)
    values["residual"] = embedding.residuals(held_out)
    return values, embedding
