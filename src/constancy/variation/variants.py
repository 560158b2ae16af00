"""The images of a suite: every base image under every factor, severity and direction."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit, create_array
from constancy.parallel import run_jobs
from constancy.seeds import generator
from constancy.settings.base import SEVERITIES
from constancy.settings.variation import Variation
from constancy.variation.factors import FACTORS
from constancy.variation.parallel import image_job, shards
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors


def write_variants(
    files: Mapping[str, Path],
    directions: Mapping[str, list[str]],
    split: PackedSplit,
    index: pd.DataFrame,
    variation: Variation,
    purpose: tuple[int, str, str],
    workers: int | None,
) -> dict[str, np.ndarray]:
    """Write the images of a suite, one file for each factor; see `suites.Suite` for their form.

    files, directions: for each factor, where its images go, and its directions; a name that the
    factor does not have means one drawn for each image. index: the base images. purpose: what their
    draws are for, beginning with the project's seed.
    """
    donors = Donors.of(split.images, split.labels)
    base = np.asarray(split.images)[index["row"].to_numpy()]
    images: dict[str, np.ndarray] = {}
    jobs = []
    for factor, path in files.items():
        ways = directions[factor]
        path.parent.mkdir()
        images[factor] = create_array(path, (len(SEVERITIES), len(ways), *base.shape))
        count, size = len(SEVERITIES) * len(ways), prod(base.shape[1:])
        for rows in shards(len(base), count, size):
            own = (rows.start, base[rows], index[rows])
            arguments = (images[factor], *own, donors, factor, ways, variation, purpose)
            jobs.append(image_job(_write_shard, arguments, count * len(own[1]), size))
    for _ in run_jobs(f"{purpose[-1]} suite", jobs, workers):
        pass
    return images


def draw_variant(
    factor: str,
    severity: int,
    direction: str,
    sample: str,
    variation: Variation,
    scene: Scene,
    purpose: tuple[int, str, str],
) -> View:
    """The view of the image with the id `sample` under a factor; see `write_variants`.

    Its draws do not hang on the severity: a higher one gives the same change, only stronger.
    """
    rng = generator(*purpose, factor, direction, sample)
    known = direction if direction in FACTORS[factor].directions else None
    strengths = getattr(variation.strengths, factor)
    return View.of([FACTORS[factor].draw(strengths, severity, rng, scene, known)])


def _write_shard(
    variants: np.ndarray,
    start: int,
    images: np.ndarray,
    index: pd.DataFrame,
    donors: Donors,
    factor: str,
    directions: list[str],
    variation: Variation,
    purpose: tuple[int, str, str],
) -> None:
    """Write all variants of the base images from `start` on."""
    variants = np.asarray(variants)
    borders = border_colors(images)
    for i, (sample, label) in enumerate(zip(index["id"], index["label"], strict=True)):
        scene = Scene(images.shape[1:], int(label), donors)
        for severity in SEVERITIES:
            for d, name in enumerate(directions):
                view = draw_variant(factor, severity, name, sample, variation, scene, purpose)
                variants[severity - 1, d, start + i] = view.apply(images[i], borders[i])
