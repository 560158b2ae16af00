"""How often `constancy watch` raises a false alarm, and how often it sees each factor.

    python benchmarks/watch.py      in the folder of a project that was run

False alarms: held-out images (validation and test together) are dealt anew into a reference and
production, and those of training and test for what is compared with training; each deal is
exchangeable, so that every alarm is false. Power: production is drawn from one factor of the test
suite at one severity, half of it from each direction where it has two. Where there is no candidate,
confidence and labels are left out.
"""

import json
import time
from pathlib import Path

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.files import write_json
from constancy.paths import CANDIDATE, PREPARED, SUITES
from constancy.seeds import generator
from constancy.serving.predictor import Predictor
from constancy.settings.base import PIXEL_FACTORS, SEVERITIES
from constancy.variation.embedding import fit_embedding
from constancy.variation.suites import Suite
from constancy.watch.drift import LEVEL, compare
from constancy.watch.measures import MEASURES
from constancy.watch.pixels import measure_pixels
from constancy.watch.production import answers
from constancy.watch.reference import MOST

Values = dict[str, np.ndarray]

HELD_OUT = {measure.name for measure in MEASURES if measure.held_out}
SIZES = (30, 100, 200)
DEALS, DRAWS = 400, 40
RESULT = Path("reports/benchmarks/watch.json")


def pick(values: Values, rows: np.ndarray) -> Values:
    return {name: each[rows] for name, each in values.items()}


def join(one: Values, other: Values) -> Values:
    return {name: np.concatenate([one[name], other[name]]) for name in one}


def deal(usual: Values, now: Values, size: int, rng: np.random.Generator) -> tuple[Values, Values]:
    """A reference and production of that size, dealt from both together."""
    both = join(usual, now)
    rows = rng.permutation(len(next(iter(both.values()))))
    return pick(both, rows[size:]), pick(both, rows[:size])


def alarm(reference: Values, production: Values, rng: np.random.Generator) -> bool:
    return any(found.alarm for found in compare(reference, production, rng))


def main() -> None:
    train, validation, test = (
        PackedSplit.load(PREPARED / name) for name in ("train", "validation", "test")
    )
    suite, embedding = Suite.load(SUITES / "test"), fit_embedding(train)
    predictor = Predictor(CANDIDATE) if CANDIDATE.exists() else None

    def held_out(images: np.ndarray) -> Values:
        values = {
            "distance": embedding.nearest_centres(images),
            "residual": embedding.residuals(images),
        }
        if predictor:
            values["labels"], values["confidence"] = answers(predictor, images)
        return values

    pixels = train.first(MOST).images
    start = time.perf_counter()
    trained = measure_pixels(pixels)
    speed = len(pixels) / (time.perf_counter() - start)
    kept, tested = held_out(validation.images), held_out(test.images)
    seen = measure_pixels(test.images)

    false = {}
    for size in SIZES:
        alarms = 0
        for number in range(DEALS):
            rng = generator(0, "watch", size, number)
            usual, now = deal(trained, seen, size, rng)
            other, others = deal(kept, tested, size, rng)
            alarms += alarm(usual | other, now | others, rng)
        false[size] = alarms / DEALS

    power: dict[str, list[float]] = {}
    for factor in PIXEL_FACTORS:
        power[factor] = []
        for severity in SEVERITIES:
            ways = [measure_pixels(i) | held_out(i) for i in suite.images[factor][severity - 1]]
            values = {name: np.stack([way[name] for way in ways]) for name in ways[0]}
            alarms = 0
            for number in range(DRAWS):
                rng = generator(0, "power", factor, severity, number)
                count = suite.images[factor].shape[2]
                rows = rng.permutation(count)[: max(SIZES)]
                way = rng.integers(len(ways), size=len(rows))
                now = {name: each[way, rows] for name, each in values.items()}
                alarms += alarm(trained | kept, now, rng)
            power[factor].append(alarms / DRAWS)

    print(f"{speed:,.0f} images a second are measured")
    print(f"false alarms of {DEALS} (level {LEVEL}): {json.dumps(false)}")
    print(f"alarms of {DRAWS} draws of up to {max(SIZES)} images, at severity 1 to 5:")
    for factor, shares in power.items():
        print(f"{factor:13} " + "  ".join(f"{share:4.2f}" for share in shares))
    write_json(RESULT, {"name": "watch", "false_alarms": false, "power": power, "speed": speed})


if __name__ == "__main__":
    main()
