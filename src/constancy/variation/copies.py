"""Training copies: every training image seen anew, under one factor or several at once."""

from math import prod
from pathlib import Path

import numpy as np

from constancy.data.packed import PackedSplit, create_array
from constancy.files import replacing
from constancy.parallel import run_jobs
from constancy.seeds import generator
from constancy.settings.variation import Variation
from constancy.variation.factors import FACTORS, MAX_SEVERITY
from constancy.variation.parallel import image_job, shards
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import View, border_colors

COMBINED = "combined"


def write_copies(
    train: PackedSplit,
    variation: Variation,
    seed: int,
    folder: Path,
    *,
    workers: int | None = None,
) -> None:
    """Write `KIND/images.npy` into `folder` for every kind of `variation.copies` above 0.

    Each is uint8, K x N x H x W x C: [k, i] is the k-th copy of training image i. Whatever else was
    in the folder is gone; on an error it stays as it was. A copy depends on the seed, its kind, k
    and the image's id (and, where foreign objects are drawn, on the training images), never on the
    number of workers or the order of their work.

    Raises UserError where foreign objects are needed and all images are of one class.
    """
    donors = Donors.of(train.images, train.labels)
    ids = train.index["id"].tolist()
    shape = train.images.shape[1:]
    with replacing(folder) as (new,):
        new.mkdir()
        jobs = []
        for kind, count in variation.copies.positive().items():
            (new / kind).mkdir()
            copies = create_array(new / kind / "images.npy", (count, *train.images.shape))
            for rows in shards(len(train), count, prod(shape)):
                own = (train.images[rows], train.labels[rows], ids[rows])
                arguments = (copies, rows.start, *own, donors, kind, variation, seed)
                jobs.append(image_job(_write_shard, arguments, count * len(own[2]), prod(shape)))
        for _ in run_jobs("training copies", jobs, workers):
            pass


def draw_copy(kind: str, variation: Variation, rng: np.random.Generator, scene: Scene) -> View:
    """A random view for a training copy.

    kind: a factor's name, or "combined" for `variation.combine` different factors. Each factor has
    a severity of its own, uniform above 0 and up to 5, and a random direction.
    """
    names = [kind]
    if kind == COMBINED:
        count = rng.integers(variation.combine.least, variation.combine.most + 1)
        drawn = rng.permutation(len(FACTORS))[:count]
        names = [name for place, name in enumerate(FACTORS) if place in drawn]
    pieces = []
    for name in names:
        severity = MAX_SEVERITY * (1 - rng.random())
        strengths = getattr(variation.strengths, name)
        pieces.append(FACTORS[name].draw(strengths, severity, rng, scene))
    return View.of(pieces)


def _write_shard(
    copies: np.ndarray,
    start: int,
    images: np.ndarray,
    labels: np.ndarray,
    ids: list[str],
    donors: Donors,
    kind: str,
    variation: Variation,
    seed: int,
) -> None:
    """Write all copies of the images from row `start` on."""
    images, copies = np.asarray(images), np.asarray(copies)
    borders = border_colors(images)
    for i, (sample, label) in enumerate(zip(ids, labels.tolist(), strict=True)):
        scene = Scene(images.shape[1:], label, donors)
        for k in range(len(copies)):
            rng = generator(seed, "copies", kind, k, sample)
            view = draw_copy(kind, variation, rng, scene)
            copies[k, start + i] = view.apply(images[i], borders[i])
