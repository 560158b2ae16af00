"""All six factors in one view, against the same factors as a chain of stock albumentations.

    python benchmarks/factors.py

One process, one thread, its CPU time. Image i has the same six severities in both arms, each drawn
in (0, 5]; what else a factor draws, each arm draws for itself. Where stock transforms have no equal,
theirs do less than ours: shrinking is not antialiased, one Affine does both roll and size, a shadow
has hard edges and the light no smooth pattern but a ramp of 20 % at the most, patches lie anywhere
and have hard edges, no block is of foreign texture, transforms and border colours are made before
the clock starts. Neither arm seeds a generator for every image. That the arms do as much is measured
factor by factor and recorded. Target: 4 times as many images a second at 32 and 64 pixels, 3 times
at 224.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import albumentations as A  # noqa: N812  # as its documentation has it
import cv2
import numpy as np
import yaml
from measure import record
from scipy.stats import ks_2samp

from constancy.settings.variation import Strengths
from constancy.variation.factors import FACTORS, strength_at
from constancy.variation.geometry import pixel_grid
from constancy.variation.light import DISPLAY_GAMMA
from constancy.variation.scene import Donors, Scene
from constancy.variation.view import Piece, View, border_colors
from constancy.variation.waves import SMOOTHING

TARGETS = {32: 4.0, 64: 4.0, 224: 3.0}
ROUNDS = {32: 15, 64: 15, 224: 9}
COUNT = 100
GEOMETRY = ("viewpoint", "scale", "deformation")
ALL = tuple(FACTORS)
_CHANCE = 1.36 * math.sqrt(2 / COUNT)  # of Kolmogorov and Smirnov's distance, in 95 of 100 cases
OUTSIDE = -1000.0  # the coordinates of what lies beyond the border

PARAMS = yaml.safe_load((Path(__file__).resolve().parents[1] / "params.yaml").read_text())
STRENGTHS = Strengths.model_validate(PARAMS["variation"]["strengths"])


@dataclass(frozen=True)
class Batch:
    """Images, uint8, N x S x S x C, of ten classes; and each one's severity of each factor."""

    images: np.ndarray
    donors: Donors
    severities: list[dict[str, float]]

    @classmethod
    def of(cls, size: int, channels: int) -> "Batch":
        rng = np.random.default_rng(size + channels)
        images = np.stack([photograph(rng, size, channels) for _ in range(COUNT)])
        donors = Donors.of(images, np.arange(COUNT) % 10)
        drawn = 5 * (1 - rng.random((COUNT, len(FACTORS))))
        return cls(images, donors, [dict(zip(FACTORS, row, strict=True)) for row in drawn.tolist()])

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.images.shape[1:]  # type: ignore[return-value]


def photograph(rng: np.random.Generator, size: int, channels: int) -> np.ndarray:
    """A picture with structure at several scales: uint8, size x size x channels."""
    picture = np.full((size, size, channels), 120.0)
    for side, strength in ((3, 60), (size // 4, 30), (size, 6)):
        coarse = rng.normal(0, strength, (side, side, channels))
        fine = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        picture += fine.reshape(picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def our_views(batch: Batch, turn: int, names: tuple[str, ...]) -> Iterator[View]:
    rng = np.random.default_rng(turn)

    def drawn() -> Iterator[list[Piece | None]]:
        for number, severities in enumerate(batch.severities):
            scene = Scene(batch.shape, number % 10, batch.donors)
            yield [
                FACTORS[name].draw(getattr(STRENGTHS, name), severities[name], rng, scene)
                for name in names
            ]

    return View.of_each(drawn(), batch.shape)


def ours(batch: Batch, turn: int, names: tuple[str, ...] = ALL) -> list[np.ndarray]:
    borders, views = border_colors(batch.images), our_views(batch, turn, names)
    return [
        view.apply(image, border)
        for view, image, border in zip(views, batch.images, borders, strict=True)
    ]


class Chain:
    """The stock transforms for one image: what its severities say, built before the clock starts.

    elastic: alpha of ElasticTransform for a root mean square displacement of one pixel; fill: what
    lies beyond the border.
    """

    def __init__(
        self,
        batch: Batch,
        number: int,
        names: tuple[str, ...],
        elastic: float,
        fill: tuple[float, ...],
    ) -> None:
        self.batch, self.names, self.elastic, self.fill = batch, names, elastic, fill
        self.severities, self.label = batch.severities[number], number % 10
        self.side, self.odd = batch.shape[0], bool(number % 2)
        self.rng = np.random.default_rng(number)
        patches = math.ceil(self.at("clutter", STRENGTHS.clutter.patches))
        self.patches = patches if "clutter" in names else 0
        # As in a view: the object is bent, then resized and seen by the camera, lit, covered.
        order = sorted(names, key=("deformation", "scale", *FACTORS).index)
        self.compose = A.Compose([each for name in order for each in getattr(self, name)()])

    def __call__(self, image: np.ndarray) -> np.ndarray:
        pieces = [{"image": self.piece()} for _ in range(self.patches)]
        seen: np.ndarray = self.compose(image=image, overlay_metadata=pieces)["image"]
        return seen

    def at(self, name: str, steps: Sequence[float], identity: float = 0) -> float:
        return strength_at(self.severities[name], steps, identity)

    def deformation(self) -> list[A.BasicTransform]:
        pixels = self.at("deformation", STRENGTHS.deformation.rms) / 100 * self.side
        sigma = SMOOTHING * self.side
        return [A.ElasticTransform(pixels * self.elastic, sigma, fill=self.fill, p=1)]

    def scale(self) -> list[A.BasicTransform]:
        steps = STRENGTHS.scale.smaller if self.odd else STRENGTHS.scale.larger
        size = self.at("scale", steps, 1)
        roll = self.roll if "viewpoint" in self.names else 0
        return [A.Affine(scale=(size, size), rotate=(-roll, roll), fill=self.fill, p=1)]

    def viewpoint(self) -> list[A.BasicTransform]:
        tilt = math.radians(self.at("viewpoint", STRENGTHS.viewpoint.tilt))
        jitter = _JITTER * math.sin(tilt)
        built = [A.Perspective(scale=(jitter, jitter), fill=self.fill, p=1)]
        if "scale" not in self.names:
            built.append(A.Affine(rotate=(-self.roll, self.roll), fill=self.fill, p=1))
        return built

    @property
    def roll(self) -> float:
        return self.at("viewpoint", STRENGTHS.viewpoint.roll)

    def illumination(self) -> list[A.BasicTransform]:
        lights = STRENGTHS.illumination
        gamma = self.at("illumination", lights.gamma, 1)
        percent = 100 * (gamma if self.odd else 1 / gamma)
        lost = 1 - (1 - self.at("illumination", lights.shade)) ** (1 / DISPLAY_GAMMA)
        uneven = self.at("illumination", lights.uneven) / DISPLAY_GAMMA * math.log(2)
        ramp = min(max(math.sqrt(3) * uneven, 0.01), 0.2)  # what it takes; +-a are a / sqrt(3) RMS
        built = [
            A.RandomGamma(gamma_limit=(percent, percent), p=1),
            A.RandomShadow(
                shadow_roi=(0, 0, 1, 1),
                num_shadows_limit=(1, 1),
                shadow_dimension=5,
                shadow_intensity_range=(lost, lost),
                p=1,
            ),
            A.Illumination(mode="linear", intensity_range=(ramp, ramp), p=1),
        ]
        if self.batch.shape[2] == 3:
            white = 1e6 / 6000  # mired, to albumentations
            mired = self.at("illumination", lights.mired)
            warm, cold = int(1e6 / (white + mired)), math.ceil(1e6 / (white - mired))
            limits = (max(3000, warm), min(15000, cold))
            built.append(A.PlanckianJitter(temperature_limit=limits, p=1))
        return built

    def clutter(self) -> list[A.BasicTransform]:
        return [A.OverlayElements(p=1)]

    def piece(self) -> np.ndarray:
        """A quarter of each side large, from the middle of an image of another class."""
        who, down, across = self.rng.random(3).tolist()
        donor = self.batch.donors.of_another_class(self.label, who)
        quarter = self.side // 4
        top, left = (quarter + int(place * (quarter + 1)) for place in (down, across))
        return donor[top : top + quarter, left : left + quarter]

    def occlusion(self) -> list[A.BasicTransform]:
        share = math.sqrt(self.at("occlusion", STRENGTHS.occlusion.area))
        hole = (max(1, round(share * self.side)),) * 2
        fill = "random" if self.label % 3 == 0 else self.fill
        return [
            A.CoarseDropout((1, 1), hole_height_range=hole, hole_width_range=hole, fill=fill, p=1)
        ]


_JITTER = 0.06  # of Perspective against sin(tilt): corners then move as far, root mean square


def chains(
    batch: Batch, names: tuple[str, ...] = ALL, fill: tuple[float, ...] | None = None
) -> list[Chain]:
    borders = border_colors(batch.images).tolist()
    elastic = alpha_of_a_pixel(batch.shape[0])
    return [Chain(batch, i, names, elastic, fill or tuple(borders[i])) for i in range(COUNT)]


def alpha_of_a_pixel(side: int) -> float:
    """Alpha at which ElasticTransform displaces by one pixel, root mean square: measured.

    It repeats the noise of the border outward, so that large pictures move more there than in the
    middle: at 224 pixels, less changes than in ours.
    """
    bend = A.ElasticTransform(1000, SMOOTHING * side, p=1)
    bend.set_random_seed(0)
    squares = []
    for _ in range(50):
        maps = bend.get_params_dependent_on_data({"shape": (side, side)}, {})
        moved = np.stack([maps["map_x"], maps["map_y"]], axis=-1) - pixel_grid(side, side)
        squares.append((moved**2).sum(axis=-1).mean())
    return float(1000 / np.sqrt(np.mean(squares)))


def theirs(batch: Batch, built: list[Chain]) -> list[np.ndarray]:
    return [chain(image) for chain, image in zip(built, batch.images, strict=True)]


def agreement(batch: Batch) -> dict[str, dict[str, Any]]:
    """What each factor does to the images, in both arms: [ours, theirs] for each measure.

    change: mean absolute change of a pixel, of 255; brightness: mean pixel after it; moved: percent
    of the side by which what is seen has moved, root mean square; touched: percent of the pixels
    that are others than before. apart: how far the two distributions of the images' changes are,
    as Kolmogorov and Smirnov measure it, from 0 to 1.
    """
    found = {}
    for name in (*FACTORS, "all"):
        names = ALL if name == "all" else (name,)
        arms = [ours(batch, 0, names), theirs(batch, chains(batch, names))]
        before, after = batch.images.astype(float), np.array(arms, float)
        changes = np.abs(after - before).mean(axis=(2, 3, 4))
        measures = {
            "change": changes.mean(axis=1),
            "brightness": after.mean(axis=(1, 2, 3, 4)),
        }
        if name in GEOMETRY:
            measures["moved"] = np.array([our_move(batch, names), their_move(batch, names)])
        if name in ("clutter", "occlusion"):
            measures["touched"] = 100 * (after != before).any(axis=-1).mean(axis=(1, 2, 3))
        found[name] = {key: np.round(pair, 2).tolist() for key, pair in measures.items()}
        found[name]["apart"] = round(float(ks_2samp(*changes).statistic), 2)
    return found


def our_move(batch: Batch, names: tuple[str, ...]) -> float:
    side = batch.shape[0]
    views = our_views(batch, 0, names)
    return movement(np.stack([view.sources(side, side) for view in views]))


def their_move(batch: Batch, names: tuple[str, ...]) -> float:
    """Seen on images whose pixels are their own coordinates, against the side."""
    side = batch.shape[0]
    image = pixel_grid(side, side) / side
    return movement(
        side * np.stack([chain(image) for chain in chains(batch, names, (OUTSIDE,) * 2)])
    )


def movement(sources: np.ndarray) -> float:
    """Root mean square of how far what is seen has moved, in percent of the side."""
    side = sources.shape[1]
    inside = ((sources >= 0) & (sources <= side - 1)).all(axis=-1)
    squares = ((sources - pixel_grid(side, side)) ** 2).sum(axis=-1)
    return float(100 * np.sqrt(squares[inside].mean()) / side)


def seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(batch: Batch, rounds: int) -> tuple[float, dict[str, float]]:
    """Their seconds over ours, the median of all rounds; and the images a second of each arm."""
    built = chains(batch)
    ours(batch, 0), theirs(batch, built)
    arms: dict[str, list[float]] = {"ours": [], "theirs": []}
    for turn in range(rounds):
        work = {"ours": lambda: ours(batch, turn), "theirs": lambda: theirs(batch, built)}  # noqa: B023
        for arm in sorted(work, reverse=bool(turn % 2)):
            arms[arm].append(seconds(work[arm]))
    pairs = zip(arms["theirs"], arms["ours"], strict=True)
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    return ratio, {arm: round(COUNT / statistics.median(each)) for arm, each in arms.items()}


def main() -> None:
    cv2.setNumThreads(1)
    ratios, arms, agreements = {}, {}, {}
    for size in TARGETS:
        for color, channels in (("grey", 1), ("rgb", 3)):
            case, batch = f"{size} {color}", Batch.of(size, channels)
            ratios[case], speeds = measure(batch, ROUNDS[size])
            arms |= {f"{case}, {arm}": speed for arm, speed in speeds.items()}
            agreements[case] = agreement(batch)
            assert agreements[case]["all"]["apart"] < _CHANCE, "the arms do not do the same"
            print(f"{case}: {ratios[case]:.2f} (target {TARGETS[size]:g}) {speeds}")
            for name, measures in agreements[case].items():
                print(f"    {name}, [ours, theirs]: {measures}")
    worst = min(ratios, key=lambda case: ratios[case] / TARGETS[int(case.split()[0])])
    record(
        "factors",
        ratios[worst],
        TARGETS[int(worst.split()[0])],
        arms,
        worst=worst,
        ratios={case: round(ratio, 2) for case, ratio in ratios.items()},
        ours_and_theirs=agreements,
    )


if __name__ == "__main__":
    main()
