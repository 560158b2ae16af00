"""Fetch and prepare Fashion-MNIST's 70,000 images against a plain loop of the usual tools.

    python benchmarks/fetch_prepare.py fashion-mnist.tar.gz

The archive holds fashion-mnist/{train,test}/<class>/<number>.png. The plain loop unpacks it, lists
it with torchvision's ImageFolder, opens and resizes each image with Pillow, and stacks them; ours
does all that the two stages do, quality checks and reports included. Target: 3 times as fast.
"""

import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor
from measure import compare
from PIL import Image
from torchvision.datasets import ImageFolder

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "pipelines"))

from fetch import fetch  # noqa: E402
from prepare import prepare  # noqa: E402

SIZE = 32


def ours(archive: Path, folder: Path) -> None:
    """The two stages, as the pipeline runs them, in a project of their own."""
    params = (PROJECT / "params.yaml").read_text()
    source = re.sub(r"source: digits +", f"source: archive:{archive}  ", params, count=1)
    (folder / "params.yaml").write_text(source)
    os.chdir(folder)
    fetch()
    prepare()
    os.chdir(PROJECT)
    # The stage runs in a process of its own: it pays for starting its workers each time.
    get_reusable_executor().shutdown(wait=True)


def theirs(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    for split in ("train", "test"):
        images = ImageFolder(
            str(folder / "fashion-mnist" / split), loader=lambda path: Image.open(path).convert("L")
        )
        pixels = np.stack([np.asarray(image.resize((SIZE, SIZE))) for image, _ in images])
        np.save(folder / f"{split}.npy", pixels)
        np.save(folder / f"{split}-labels.npy", np.array(images.targets))


def in_a_folder(work, archive: Path) -> None:  # type: ignore[no-untyped-def]
    folder = Path(tempfile.mkdtemp())
    try:
        work(archive, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    path = Path(sys.argv[1]).resolve()
    compare(
        "fetch_prepare",
        3,
        lambda: in_a_folder(ours, path),
        lambda: in_a_folder(theirs, path),
        rounds=3,
    )
