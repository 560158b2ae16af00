"""The images of a suite: every base image under every factor, severity and direction."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit, create_array
from constancy.seeds import generator
from constancy.settings.base import SEVERITIES
from constancy.settings.variation import Variation
from constancy.variation.factors import FACTORS
from constancy.variation.parallel import Job, run_jobs, shards
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
            jobs.append(Job(_write_shard, arguments, count * len(own[1]), size))
    run_jobs(f"{purpose[-1]} suite", jobs, workers)
    return images


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
    strengths = getattr(variation.strengths, factor)
    for i, (sample, label) in enumerate(zip(index["id"], index["label"], strict=True)):
        scene = Scene(images.shape[1:], int(label), donors)
        for severity in SEVERITIES:
            for d, name in enumerate(directions):
                rng = generator(*purpose, factor, severity, name, sample)
                direction = name if name in FACTORS[factor].directions else None
                piece = FACTORS[factor].draw(strengths, severity, rng, scene, direction)
                view = View.of([piece])
                variants[severity - 1, d, start + i] = view.apply(images[i], borders[i])
