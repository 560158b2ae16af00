"""Peak memory of fetch and prepare for 70,000 and for 700,000 images.

    python benchmarks/fetch_prepare_memory.py fashion-mnist.tar.gz

The larger set is the smaller one ten times over, each time under other noise. Memory is that of the
stage's process and all its workers together (proportional set size, sampled every 50 ms). Target:
below 1.5 GB for both, and the ratio near 1.
"""

import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from measure import record
from PIL import Image
from stages import committed, run_stage, save_params

TIMES = 10
LIMIT = 1.5e9  # bytes


def multiplied(archive: Path, target: Path) -> Path:
    """An archive with every image TIMES times, under noise of its own each time."""
    rng = np.random.default_rng(0)
    with tarfile.open(archive) as source, tarfile.open(target, "w") as many:
        for member in source:
            if not member.name.endswith(".png"):
                continue
            pixels = np.asarray(Image.open(source.extractfile(member))).astype(np.int16)
            for number in range(TIMES):
                noisy = pixels + rng.integers(-40, 41, pixels.shape)
                buffer = io.BytesIO()
                image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
                image.save(buffer, "PNG", compress_level=1)
                info = tarfile.TarInfo(member.name.replace(".png", f"-{number}.png"))
                info.size = buffer.tell()
                buffer.seek(0)
                many.addfile(info, buffer)
    return target


def measure(archive: Path, folder: Path) -> dict[str, float]:
    """Peak bytes and seconds of each of the two stages."""
    values = committed()
    values["data"]["source"] = f"archive:{archive}"
    save_params(values, folder)
    found = {}
    for stage in ("fetch", "prepare"):
        found[f"{stage} seconds"], found[f"{stage} bytes"] = run_stage(stage, folder)
    return found


if __name__ == "__main__":
    path = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        arms = {}
        many = multiplied(path, Path(scratch) / "many.tar")
        for name, archive in (("70,000", path), ("700,000", many)):
            project = Path(scratch) / "project"
            project.mkdir()
            arms |= {f"{name} {key}": value for key, value in measure(archive, project).items()}
            shutil.rmtree(project)
    few, more = (
        max(arms[f"{n} {s} bytes"] for s in ("fetch", "prepare")) for n in ("70,000", "700,000")
    )
    record("fetch_prepare_memory", more / few, 1, arms, limit=LIMIT, held=max(few, more) < LIMIT)
