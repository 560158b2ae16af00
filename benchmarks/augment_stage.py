"""Seconds and peak memory of the whole augment stage, suites and all.

    python benchmarks/augment_stage.py archive:fashion-mnist.tar.gz

A copy of each training image under each of the six factors, and suites of 1,000 test images. Target:
below 1.5 GB.
"""

import sys
import tempfile
from pathlib import Path

from measure import record
from stages import committed, run_stage, save_params

from constancy.data.packed import PackedSplit
from constancy.settings import PIXEL_FACTORS

LIMIT = 1.5e9  # bytes


def main(source: str) -> None:
    values = committed()
    values["data"]["source"] = source
    values["variation"]["copies"] = {**dict.fromkeys(PIXEL_FACTORS, 1), "combined": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_params(values, folder)
        for stage in ("fetch", "prepare"):
            run_stage(stage, folder)
        images = len(PackedSplit.load(folder / "data" / "prepared" / "train"))
        seconds, peak = run_stage("augment", folder)
    record("augment_stage", peak / LIMIT, 1, {"seconds": seconds, "bytes": peak}, images=images)


if __name__ == "__main__":
    main(sys.argv[1])
