"""Images from production against the training data, on seven axes."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from constancy.errors import UserError
from constancy.evaluation.evaluate import load_data
from constancy.paths import PREPARED, SUITES
from constancy.progress import progress
from constancy.seeds import generator
from constancy.serving.load import load_model
from constancy.serving.places import find_images
from constancy.serving.predictor import Predictor
from constancy.settings import load_settings
from constancy.variation.embedding import Embedding
from constancy.watch.drift import FEWEST, Finding, compare
from constancy.watch.outcome import Outcome
from constancy.watch.production import (
    Production,
    answers,
    measure_images,
    watch_images,
    watch_table,
)
from constancy.watch.reference import load_splits, measure_reference
from constancy.watch.regions import SAMPLE, Region, find_region, parts_of

TABLE = ".parquet"


def watch(places: Sequence[str], model: str) -> Outcome:
    """What images from production are like, against those of the project in the current folder.

    places: as `serving.places.find_images` takes them, or one table of answers (.parquet), of which
    nothing but the answers is watched. model: as `serving.load.load_model` takes it. Raises UserError.
    """
    seed = load_settings().seed
    table = next((each for each in places if each.endswith(TABLE)), None)
    if table and len(places) > 1:
        raise UserError(f"{table} is a table of answers: give it alone, or images alone")
    with ExitStack() as opened:
        images = [] if table else find_images(places, opened)
        predictor = load_model(model)
        splits = load_splits(predictor)
        reference, embedding = measure_reference(splits, predictor, with_pixels=not table)
        if embedding is None:
            production = watch_table(Path(str(table)), predictor.classes)
        else:
            production = watch_images(predictor, embedding, images)
    if len(production) < FEWEST:
        return Outcome(predictor.classes, reference, production, [], {})
    findings = compare(reference, production.values, generator(seed, "watch", "labels"))
    regions: Mapping[str, Region] = {}
    silent = None
    if embedding:
        try:
            regions = _regions(findings, production, predictor, embedding)
        except UserError as error:  # the alarm stands without them
            silent = str(error)
    return Outcome(predictor.classes, reference, production, findings, regions, silent)


def _regions(
    findings: list[Finding], production: Production, predictor: Predictor, embedding: Embedding
) -> dict[str, Region]:
    """For each alarmed measure that factors move, what their suites have like it."""
    alarmed = [each.measure for each in findings if each.alarm and each.measure.factors]
    if not alarmed:
        return {}
    _, splits, suite = load_data(PREPARED, SUITES / "test")
    factors = dict.fromkeys(factor for measure in alarmed for factor in measure.factors)
    parts = {factor: list(parts_of(factor, suite, splits["test"])) for factor in factors}
    measured: dict[str, list[dict[str, np.ndarray]]] = {}
    with progress("suites", total=sum(map(len, parts.values())), unit="part") as display:
        for factor, some in parts.items():
            measured[factor] = []
            for part in some:
                measured[factor].append(measure_images(embedding, part.images[:SAMPLE]))
                display.update()
    return {
        measure.name: find_region(
            production.values[measure.name],
            [part for factor in measure.factors for part in parts[factor]],
            [each[measure.name] for factor in measure.factors for each in measured[factor]],
            lambda images: answers(predictor, images)[0],
        )
        for measure in alarmed
    }
