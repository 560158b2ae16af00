"""The making of training copies on two cores against one.

    python benchmarks/augment_parallel.py [IMAGES]

Copies of all kinds at the committed settings, of 6,000 grey images of 32 pixels unless told
otherwise, written to a temporary folder. The processes are running when the clock starts: the
stage for Fashion-MNIST takes minutes, their start a second or two. It says something only where
nothing else runs on the machine. Target: 1.8 times as fast.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from measure import compare

from constancy.data.packed import PackedSplit
from constancy.parallel import end_workers
from constancy.settings.variation import Variation
from constancy.variation.copies import write_copies

SIZE = 32
CLASSES = [str(number) for number in range(10)]
PARAMS = Path(__file__).resolve().parents[1] / "params.yaml"


def split_of(count: int, folder: Path) -> PackedSplit:
    """Noise of ten classes; its images memory-mapped, as the stage has them."""
    file = folder / f"{count}.npy"
    rng = np.random.default_rng(0)
    np.save(file, rng.integers(0, 256, (count, SIZE, SIZE, 1), dtype=np.uint8))
    ids = [f"{number:016x}" for number in range(count)]
    index = pd.DataFrame({"id": ids, "path": ids, "group": None, "sha256": ""})
    return PackedSplit(np.load(file, mmap_mode="r"), np.arange(count) % len(CLASSES), index)


def main(count: int) -> None:
    variation = Variation.model_validate(yaml.safe_load(PARAMS.read_text())["variation"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = split_of(200, folder), split_of(count, folder)

        def write(split: PackedSplit, workers: int) -> None:
            write_copies(split, CLASSES, variation, 0, folder / "copies", workers=workers)

        write(few, 2)
        print(f"load before: {os.getloadavg()[0]:.2f} (0 is an idle machine)")
        compare("augment_parallel", 1.8, lambda: write(many, 2), lambda: write(many, 1), rounds=7)
        end_workers()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6000)
