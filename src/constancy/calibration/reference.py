"""The reference: the settings' own network, trained on untouched images alone, and its curves."""

from pathlib import Path

import numpy as np

from constancy.calibration.curves import Curve
from constancy.data.packed import Dataset, PackedSplit
from constancy.evaluation.predict import predict_logits
from constancy.models.network import Network
from constancy.progress import progress
from constancy.settings import Settings
from constancy.settings.base import SEVERITIES
from constancy.settings.evaluate import Evaluate
from constancy.training.data import ImageData
from constancy.training.fit import Fitted, describe, fit
from constancy.training.mix import UNTOUCHED, FixedMix
from constancy.variation.embedding import Embedding
from constancy.variation.suites import Suite
from constancy.variation.write_suites import choose_base, write_suites

MAX_TRAINING = 10_000
"""Training images, at the most ..."""

MAX_BYTES = 2**29
"""... and so much memory for them."""

SEEN = 40_000
"""Training images seen in all epochs together, about; but never fewer epochs than ..."""

LEAST_EPOCHS = 4
"""... these."""

MAX_VALIDATION = 1000
"""Images that are varied to measure a curve, at the most."""


def measure(
    settings: Settings, prepared: Path, embedding: Embedding, scratch: Path
) -> tuple[Fitted, dict[str, Curve]]:
    """Train the reference on the prepared data, and score it under every factor and several at once.

    scratch: a folder for whatever is written on the way. The limits of the settings hold. Raises
    UserError as `fit` and `write_suites` do.
    """
    dataset = Dataset.load(prepared)
    whole = PackedSplit.load(prepared / "validation")
    validation = part_of(whole, MAX_VALIDATION, settings.seed)
    checks = settings.suites.counts(len(PackedSplit.load(prepared / "train")))["validation"]
    for name, count in (("checkpoints", checks), ("curves", len(validation))):
        write_suites(
            "validation",
            validation,
            dataset.classes,
            embedding,
            settings.variation,
            count,
            settings.seed,
            scratch / name / "validation",
        )
    fitted = train_reference(settings, prepared, validation, scratch)
    suite = Suite.load(scratch / "curves" / "validation")
    return fitted, score(fitted.network, validation, suite, settings.evaluate)


def train_reference(
    settings: Settings, prepared: Path, validation: PackedSplit, scratch: Path
) -> Fitted:
    """The settings' own network and recipe, for few epochs, on untouched images alone."""
    data = ImageData(
        prepared,
        scratch,  # of copies there are none
        scratch / "checkpoints",
        mix=FixedMix({UNTOUCHED: 1}),
        seed=settings.seed,
    )
    card = describe(settings.model, Dataset.load(prepared), len(data.train))
    bytes_each = max(1, data.train.images[:1].nbytes)
    data.train = part_of(data.train, min(MAX_TRAINING, MAX_BYTES // bytes_each), settings.seed)
    data.sources = {UNTOUCHED: data.train.images[None]}
    data.validation = validation
    epochs = min(settings.train.epochs, max(LEAST_EPOCHS, round(SEEN / len(data.train))))
    changes = {"epochs": epochs, "patience": epochs, "devices": 1, "strategy": "auto"}
    recipe = settings.train.model_copy(update=changes)
    shorter = settings.model_copy(update={"train": recipe})
    return fit(card, data, shorter, workspace=scratch / "training", logger=None)


def score(
    network: Network, validation: PackedSplit, suite: Suite, settings: Evaluate
) -> dict[str, Curve]:
    """The curve of every pixel factor, and of several at once ("combined")."""
    base = suite.index["row"].to_numpy()
    labels = validation.labels[base]
    total = len(base) * (1 + len(SEVERITIES) * len(suite.images))
    with progress("scores", total=total) as bar:

        def hits(images: np.ndarray) -> np.ndarray:
            logits = predict_logits(
                network,
                images,
                settings.batch_size,
                precision=settings.precision,
                after=lambda rows: bar.update(rows.stop - rows.start),
            )
            return logits.argmax(-1) == labels

        clean = hits(np.asarray(validation.images)[base])
        return {
            name: Curve(np.concatenate([clean[None], hits(images[:, 0])]))
            for name, images in suite.images.items()
        }


def part_of(split: PackedSplit, count: int, seed: int) -> PackedSplit:
    """The split, or `count` images of it, classes in proportion."""
    if len(split) <= count:
        return split
    rows = choose_base(split.index["id"].tolist(), split.labels, count, seed)
    return PackedSplit(
        split.images[rows], split.labels[rows], split.index.iloc[rows].reset_index(drop=True)
    )
