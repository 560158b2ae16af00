"""Training copies: every training image seen anew, under one factor or several at once."""

from collections.abc import Iterator
from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from constancy.data.packed import PackedSplit, create_array, open_array
from constancy.files import replacing
from constancy.parallel import run_jobs
from constancy.seeds import derive_seed, generator
from constancy.settings.base import COMBINED
from constancy.settings.variation import Variation
from constancy.variation.extra import Extra, check_transforms
from constancy.variation.factors import FACTORS, MAX_SEVERITY, draw_combination
from constancy.variation.limits import limits_of
from constancy.variation.parallel import image_job, shards
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import Piece, View, border_colors


def write_copies(
    train: PackedSplit,
    classes: list[str],
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

    Raises UserError where foreign objects are needed and all images are of one class, for limits of
    a class that there is not, and for transforms of albumentations that cannot be used.
    """
    limits = limits_of(variation, classes)
    shape = train.images.shape[1:]
    if variation.albumentations:
        check_transforms(variation.albumentations, shape)
    donors = Donors.of(train.images, train.labels)
    ids = train.index["id"].tolist()
    with replacing(folder) as (new,):
        new.mkdir()
        jobs = []
        for kind, count in variation.copies.positive().items():
            (new / kind).mkdir()
            file = (new / kind / "images.npy").resolve()  # workers may run in another folder
            create_array(file, (count, *train.images.shape))
            for rows in shards(len(train), count, prod(shape)):
                own = (train.images[rows], train.labels[rows], ids[rows])
                arguments = (file, rows.start, *own, donors, limits, kind, variation, seed)
                jobs.append(image_job(_write_shard, arguments, count * len(own[2]), prod(shape)))
        for _ in run_jobs("training copies", jobs, workers):
            pass


def draw_copy(
    kind: str, variation: Variation, rng: np.random.Generator, scene: Scene
) -> list[Piece | None]:
    """The pieces of a random view for a training copy.

    kind: a factor's name, or "combined" for `variation.combine` different factors. Each factor has
    a severity of its own, uniform in `variation.severities` up to the limit of the image's class, and
    a random direction.
    """
    names = [kind] if kind != COMBINED else draw_combination(variation.combine, rng)
    pieces = []
    for name in names:
        most = min(variation.severities.most, scene.limits.get(name, MAX_SEVERITY))
        least = min(variation.severities.least, most)
        severity = most - (most - least) * rng.random()
        strengths = getattr(variation.strengths, name)
        pieces.append(FACTORS[name].draw(strengths, severity, rng, scene))
    return pieces


def _write_shard(
    file: Path,
    start: int,
    images: np.ndarray,
    labels: np.ndarray,
    ids: list[str],
    donors: Donors,
    limits: list[dict[str, float]],
    kind: str,
    variation: Variation,
    seed: int,
) -> None:
    """Write all copies of the images from row `start` on into the file."""
    images, copies = np.asarray(images), open_array(file)
    borders = border_colors(images)
    extra = Extra(variation.albumentations) if variation.albumentations else None
    places = list(product(range(len(images)), range(len(copies))))

    def drawn() -> Iterator[list[Piece | None]]:
        for i, k in places:
            label = int(labels[i])
            scene = Scene(images.shape[1:], label, donors, limits=limits[label])
            yield draw_copy(kind, variation, generator(seed, "copies", kind, k, ids[i]), scene)

    for (i, k), view in zip(places, View.of_each(drawn(), images.shape[1:]), strict=True):
        copy = view.apply(images[i], borders[i])
        if extra is not None:
            copy = extra.apply(copy, derive_seed(seed, "albumentations", kind, k, ids[i]))
        copies[k, start + i] = copy
