"""All that the page plays with: the models, the project's test images, the factors."""

from dataclasses import dataclass

import numpy as np

from constancy.data.packed import Dataset
from constancy.errors import UserError
from constancy.paths import PREPARED
from constancy.serving.play.models import open_models
from constancy.serving.play.proven import Proven
from constancy.serving.play.seen import Onlooker
from constancy.serving.play.vary import Specimens, Subject, Varier
from constancy.serving.predictor import Predictor
from constancy.settings import Settings
from constancy.variation.factors import MAX_SEVERITY
from constancy.variation.limits import limits_of
from constancy.variation.scene import UNKNOWN_CLASS, Donors
from constancy.variation.stock import Stock, digits_stock, prepared_stock, sorted_specimens
from constancy.variation.view import border_colors
from constancy.variation.write_suites import choose_base

SHOWN = 24
"""Test images to pick from at once, at the most."""


@dataclass(frozen=True, eq=False)
class Playground:
    """model: the one that is played with; beside: another one, None where `why_alone` says why not;
    stock: test images to pick from, None where `why_no_stock` says why not; classes: their names;
    limits: for each class the highest severities, by factor, at which an image is still of it;
    border: the usual colour of images at their edge, uint8, C.
    """

    model: Onlooker
    proven: Proven
    beside: Onlooker | None
    why_alone: str
    stock: Stock | None
    why_no_stock: str
    classes: list[str]
    limits: list[dict[str, float]]
    varier: Varier
    border: np.ndarray

    def picked(self, row: int) -> Subject:
        """A test image. Raises IndexError for a row that there is not."""
        assert self.stock is not None
        if row not in range(len(self.stock.labels)):
            raise IndexError(f"there is no test image {row}")
        label = int(self.stock.labels[row])
        pixels = np.array(self.stock.images[row])
        return Subject(pixels, f"test image {self.stock.names[row]}", label)

    def brought(self, data: bytes, name: str) -> Subject:
        """The image in the bytes of a file. Raises UnreadableImageError."""
        return Subject(np.array(self.model.predictor.prepare(data)), name)

    def first(self) -> Subject | None:
        """What the page begins with: the first test image of the first class."""
        return None if self.stock is None else self.picked(int(self.stock.labels.argmin()))

    def choice(self, label: int | None) -> list[int]:
        """Rows of test images to pick from: of a class, or of all of them in turn."""
        assert self.stock is not None
        if label is not None:
            return np.flatnonzero(self.stock.labels == label)[:SHOWN].tolist()
        rows = choose_base(self.stock.ids, self.stock.labels, SHOWN, self.varier.seed)
        return rows[np.argsort(self.stock.labels[rows], kind="stable")].tolist()

    def sentences(self, subject: Subject, factor: str, severity: float) -> list[str]:
        """What there is to say of a slider that went too far."""
        said = [self.proven.beyond(factor, severity)]
        if subject.label != UNKNOWN_CLASS:
            most = self.limits[subject.label].get(factor, MAX_SEVERITY)
            if severity > most and most < MAX_SEVERITY:  # which is no limit
                name = self.classes[subject.label]
                said.append(
                    f"Beyond {factor} {most:g} a '{name}' need not be one any more (variation.limits)."
                )
        return [each for each in said if each]


def open_playground(reference: str, settings: Settings) -> Playground:
    """The project in the current folder, with a model as `serving.load.find_model` takes it.

    Raises UserError as that does.
    """
    models = open_models(reference, settings)
    predictor = models.model.predictor
    stock, why_no_stock = _stock(predictor)
    source = stock or digits_stock(predictor.image)
    varier = Varier(
        settings.variation,
        settings.seed,
        Donors.of(source.images, source.labels),
        _specimens() if stock else None,
    )
    return Playground(
        models.model,
        models.proven,
        models.beside,
        models.why_alone,
        stock,
        why_no_stock,
        predictor.classes,
        limits_of(settings.variation, predictor.classes) if stock else [],
        varier,
        np.median(border_colors(np.asarray(source.images[:SHOWN])), axis=0).astype(np.uint8),
    )


def _stock(predictor: Predictor) -> tuple[Stock | None, str]:
    """The project's test images, or why the model cannot be shown them."""
    if not (PREPARED / "dataset.json").is_file():
        return None, "This project has no test images yet: `constancy run` prepares them."
    dataset = Dataset.load(PREPARED)
    if (dataset.image, dataset.classes) != (predictor.image, predictor.classes):
        return None, "This project's test images are of other classes or form than this model's."
    try:
        return prepared_stock(), ""
    except UserError as error:
        return None, f"{error}."


def _specimens() -> Specimens | None:
    try:
        table, split, classes = sorted_specimens()
    except UserError:
        return None
    order = np.argsort(table["distance"].to_numpy(), kind="stable")
    rows = table["row"].to_numpy()[order]
    labels = split.labels[rows]
    return Specimens(split.images, [rows[labels == label] for label in range(len(classes))])
