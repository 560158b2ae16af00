"""The making of suites: which images are varied, and how all that a suite holds gets on disk."""

from pathlib import Path

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit
from constancy.files import replacing, write_json
from constancy.seeds import derive_seed
from constancy.settings.base import COMBINED, PIXEL_FACTORS
from constancy.settings.variation import Variation
from constancy.variation.controls import CONTROLS
from constancy.variation.embedding import Embedding, intra_class_severity
from constancy.variation.factors import ANY, FACTORS
from constancy.variation.limits import limits_of
from constancy.variation.scene import Donors
from constancy.variation.suites import FACTS, INDEX, INTRA_CLASS, suite_digest
from constancy.variation.variants import Maker, write_variants


def write_suites(
    name: str,
    split: PackedSplit,
    classes: list[str],
    embedding: Embedding,
    variation: Variation,
    count: int,
    seed: int,
    folder: Path,
    *,
    workers: int | None = None,
) -> None:
    """Write the suite of a split into `folder`, whole or not at all; see `Suite` for what it holds.

    name: "test" has every direction of each factor, and controls; "validation" one image at each
    severity, in a random direction. count: base images, at the most. What is drawn for a variant depends on the
    seed, the split's name, factor, direction and the image's id (and, where foreign objects are
    drawn, on the split's images), never on the severity, the number of workers or the order of
    their work: at a higher severity an image shows the same change, only stronger.

    Raises UserError where foreign objects are needed and all images are of one class, and for
    limits of a class that there is not.
    """
    ids = split.index["id"].tolist()
    base = choose_base(ids, split.labels, count, seed)
    index = pd.DataFrame(
        {"row": base, "id": [ids[row] for row in base], "label": split.labels[base]}
    )
    distances = embedding.distances(split.images, split.labels)
    intra_class = pd.DataFrame(
        {
            "row": np.arange(len(split)),
            "id": ids,
            "severity": intra_class_severity(distances, split.labels),
            "distance": distances,
            "cluster": embedding.nearest_clusters(split.images, split.labels),
            "rival": embedding.rivals(split.images, split.labels),
        }
    )
    whole = name == "test"
    directions = {
        factor: list(FACTORS[factor].directions) if whole else [ANY] for factor in PIXEL_FACTORS
    }
    directions[COMBINED] = [ANY]
    controlled = list(CONTROLS) if whole else []
    maker = Maker(
        (seed, "suite", name),
        variation,
        Donors.of(split.images, split.labels),
        limits_of(variation, classes),
    )
    with replacing(folder) as (new,):
        new.mkdir()
        images, controls = write_variants(new, directions, controlled, split, index, maker, workers)
        index.to_parquet(new / INDEX, index=False)
        intra_class.to_parquet(new / INTRA_CLASS, index=False)
        facts = {
            "seed": seed,
            "images": len(index),
            "directions": directions,
            "controls": controlled,
            "strengths": variation.strengths.model_dump(),
            "combine": variation.combine.model_dump(),
            "limits": {label: each.model_dump() for label, each in variation.limits.items()},
            "libraries": _libraries(),
        }
        digest = suite_digest(images, controls, index, intra_class, facts)
        write_json(new / FACTS, {"digest": digest, **facts})


def choose_base(ids: list[str], labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows of the images that are varied, rising: int64, all or `count` of them.

    Within a class images are taken in the order of a hash of their ids, and classes in turn, in
    proportion to their sizes: the image of rank r among the m of its class comes at (r + 1/2) / m
    (the divisor method of Webster). More images in a split or a higher count move few: one more
    image takes one other's place, and those chosen for a lower count stay.
    """
    hashes = np.array([derive_seed(seed, "base", sample) for sample in ids], dtype=np.int64)
    turns = np.empty(len(ids))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        ordered = rows[np.argsort(hashes[rows], kind="stable")]
        turns[ordered] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(np.lexsort((hashes, turns))[:count])


def _libraries() -> dict[str, str]:
    """The versions of the libraries that make pixels: another one may round otherwise."""
    import cv2
    import PIL

    return {"numpy": np.__version__, "opencv": cv2.__version__, "pillow": PIL.__version__}
