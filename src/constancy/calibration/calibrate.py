"""`constancy calibrate`: measure, check, propose."""

import tempfile
from pathlib import Path

from constancy import paths
from constancy.calibration.outcome import Outcome
from constancy.calibration.picture import draw, write_picture
from constancy.calibration.reference import measure
from constancy.data.packed import Dataset, PackedSplit
from constancy.errors import UserError
from constancy.files import replacing, write_json
from constancy.settings import Settings
from constancy.variation.embedding import fit_embedding
from constancy.variation.label_safety import find_mappings


def calibrate(settings: Settings) -> Outcome:
    """Calibrate the factors on the project's prepared data; write the report and the picture.

    Nothing else in the project changes. Raises UserError when there are no prepared data.
    """
    if not (paths.PREPARED / "dataset.json").is_file():
        raise UserError(
            f"{paths.PREPARED} holds no prepared images to calibrate on: "
            "`make run` (or `dvc repro prepare`) makes them"
        )
    train = PackedSplit.load(paths.PREPARED / "train")
    classes = Dataset.load(paths.PREPARED).classes
    embedding = fit_embedding(train)
    with tempfile.TemporaryDirectory(prefix="constancy-calibrate-") as scratch:
        fitted, curves = measure(settings, paths.PREPARED, embedding, Path(scratch))
    mappings = find_mappings(train, classes, embedding, settings.variation, settings.seed)
    reference = {"seed": settings.seed, **fitted.record()}
    outcome = Outcome.of(reference, curves, mappings, settings.variation)
    with replacing(paths.CALIBRATION, paths.CALIBRATION_PICTURE) as (report, picture):
        write_json(report, outcome.as_json())
        write_picture(draw(curves, outcome.even), picture)
    return outcome
