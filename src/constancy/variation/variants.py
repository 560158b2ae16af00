"""The images of a suite: every base image under every factor, severity and direction; controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from constancy.data.packed import PackedSplit, create_array, open_array
from constancy.parallel import run_jobs
from constancy.seeds import generator
from constancy.settings.base import COMBINED, SEVERITIES
from constancy.settings.variation import Variation
from constancy.variation.controls import control_image, control_scene
from constancy.variation.factors import FACTORS, draw_combination
from constancy.variation.parallel import image_job, shards
from constancy.variation.scene import Donors, Scene
from constancy.variation.suites import controls_file, images_file
from constancy.variation.view import Piece, View, border_colors


@dataclass(frozen=True, eq=False)
class Maker:
    """How the images of a suite are drawn, one by one.

    purpose: what the draws are for, beginning with the project's seed; limits: of each class.
    """

    purpose: tuple[int, str, str]
    variation: Variation
    donors: Donors
    limits: list[dict[str, float]]

    def scene(self, shape: tuple[int, int, int], label: int) -> Scene:
        """What the factors have to know of an image."""
        return Scene(shape, label, self.donors, limits=self.limits[label])

    def view(self, kind: str, severity: int, direction: str, sample: str, scene: Scene) -> View:
        """The view through the pieces that `draw` draws."""
        return View.of(self.draw(kind, severity, direction, sample, scene))

    def draw(
        self, kind: str, severity: int, direction: str, sample: str, scene: Scene
    ) -> list[Piece | None]:
        """How the image with the id `sample` is seen under a factor, or under several ("combined").

        A direction that the factor does not have means one drawn for each image. The draws do not
        hang on the severity: a higher one gives the same change, only stronger.
        """
        if kind != COMBINED:
            return [self._piece((kind, direction), kind, severity, sample, scene, direction)]
        names = draw_combination(self.variation.combine, generator(*self.purpose, kind, sample))
        return [
            self._piece((kind, name), name, severity, sample, scene, direction) for name in names
        ]

    def draw_control(
        self, kind: str, severity: int, directions: list[str], sample: str, scene: Scene
    ) -> list[Piece | None]:
        """That of which the image's control is made: in one of the directions, drawn."""
        drawn = generator(*self.purpose, "control", kind, sample).integers(len(directions))
        scene = control_scene(kind, scene)
        return self.draw(kind, severity, directions[int(drawn)], sample, scene)

    def _piece(
        self,
        purpose: tuple[str, str],
        name: str,
        severity: int,
        sample: str,
        scene: Scene,
        direction: str,
    ) -> Piece | None:
        factor, strengths = FACTORS[name], getattr(self.variation.strengths, name)
        known = direction if direction in factor.directions else None
        rng = generator(*self.purpose, *purpose, sample)
        return factor.draw(strengths, severity, rng, scene, known)


def write_variants(
    folder: Path,
    directions: Mapping[str, list[str]],
    controlled: Sequence[str],
    split: PackedSplit,
    index: pd.DataFrame,
    maker: Maker,
    workers: int | None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Write the images of a suite and its controls into `folder`; see `suites.Suite` for their form.

    directions: of each factor, and of "combined"; controlled: factors of which controls are made;
    index: the base images.
    """
    folder = folder.resolve()  # a worker may have been started in another one
    base = np.asarray(split.images)[index["row"].to_numpy()]
    images: dict[str, np.ndarray] = {}
    controls: dict[str, np.ndarray] = {}
    jobs = []
    for kind, ways in directions.items():
        file, control_file = images_file(folder, kind), None
        file.parent.mkdir()
        images[kind] = create_array(file, (len(SEVERITIES), len(ways), *base.shape))
        if kind in controlled:
            control_file = controls_file(folder, kind)
            controls[kind] = create_array(control_file, (len(SEVERITIES), *base.shape))
        count, size = len(SEVERITIES) * (len(ways) + (kind in controlled)), prod(base.shape[1:])
        for rows in shards(len(base), count, size):
            own = (rows.start, base[rows], index[rows])
            arguments = (file, control_file, *own, kind, ways, maker)
            jobs.append(image_job(_write_shard, arguments, count * len(own[1]), size))
    for _ in run_jobs(f"{maker.purpose[-1]} suite", jobs, workers):
        pass
    return images, controls


def _write_shard(
    file: Path,
    control_file: Path | None,
    start: int,
    images: np.ndarray,
    index: pd.DataFrame,
    kind: str,
    directions: list[str],
    maker: Maker,
) -> None:
    """Write all variants and controls of the base images from `start` on into the files."""
    variants = open_array(file)
    controls = None if control_file is None else open_array(control_file)
    borders, shape = border_colors(images), images.shape[1:]
    scenes = [maker.scene(shape, int(label)) for label in index["label"]]
    subjects = list(zip(index["id"], scenes, strict=True))
    for severity in SEVERITIES:
        for d, name in enumerate(directions):
            drawn = (maker.draw(kind, severity, name, sample, scene) for sample, scene in subjects)
            for i, view in enumerate(View.of_each(drawn, shape)):
                variants[severity - 1, d, start + i] = view.apply(images[i], borders[i])
        if controls is not None:
            drawn = (
                maker.draw_control(kind, severity, directions, sample, scene)
                for sample, scene in subjects
            )
            for i, view in enumerate(View.of_each(drawn, shape)):
                controls[severity - 1, start + i] = control_image(view, images[i], borders[i])
