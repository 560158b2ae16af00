"""The stages of the pipeline as benchmarks run them, in a folder of their own."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from pytorch_lightning.loggers import Logger
from ruamel.yaml import YAML

from constancy.data.fetch import fetch
from constancy.data.packed import Dataset, PackedSplit
from constancy.data.prepare import pack, read_images
from constancy.models.disk import ModelCard
from constancy.settings import Settings
from constancy.training.data import ImageData
from constancy.training.fit import Fitted, describe, fit
from constancy.training.mix import choose_mix
from constancy.variation.copies import write_copies
from constancy.variation.embedding import fit_embedding
from constancy.variation.write_suites import write_suites

PROJECT = Path(__file__).resolve().parents[1]


def committed() -> dict[str, Any]:
    """The values of params.yaml."""
    return YAML(typ="safe").load((PROJECT / "params.yaml").read_text())


def without_copies(source: str, network: str = "auto") -> dict[str, Any]:
    """The values of params.yaml for another source and network, trained on untouched images alone."""
    values = committed()
    values["data"]["source"] = source
    values["model"]["name"] = network
    values["variation"]["copies"] = dict.fromkeys(values["variation"]["copies"], 0)
    values["train"]["mix"] = {"untouched": 1}
    return values


def save_params(values: dict[str, Any], folder: Path) -> None:
    """The params.yaml of a project in `folder`."""
    YAML(typ="safe").dump(values, folder / "params.yaml")


def run_stage(name: str, folder: Path) -> tuple[float, float]:
    """A stage in a process of its own, in the project in `folder`: seconds, and bytes at its peak.

    Memory is that of the process and all its workers together: proportional set size, sampled every
    50 ms.
    """
    start = time.perf_counter()
    command = [sys.executable, str(PROJECT / "pipelines" / f"{name}.py")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        peak = _peak(process)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return round(time.perf_counter() - start, 1), float(peak)


def _peak(process: "subprocess.Popen[bytes]") -> int:
    peak = 0
    while process.poll() is None:
        total = 0
        try:
            root = psutil.Process(process.pid)
            for each in (root, *root.children(recursive=True)):
                total += each.memory_full_info().pss
        except psutil.Error:
            pass  # it ended meanwhile
        peak = max(peak, total)
        time.sleep(0.05)
    return peak


def prepare(settings: Settings, folder: Path) -> None:
    """The stages before training, into `folder`."""
    fetch(settings.data, folder / "raw")
    images = read_images(folder / "raw", settings.data, folder / "decoded.bin")
    (folder / "prepared").mkdir()
    pack(images, settings.data, folder / "prepared")
    train = PackedSplit.load(folder / "prepared" / "train")
    embedding = fit_embedding(train)
    write_copies(train, images.classes, settings.variation, settings.seed, folder / "augmented")
    for name, count in settings.suites.counts(len(train)).items():
        split = PackedSplit.load(folder / "prepared" / name)
        rest = (settings.variation, count, settings.seed, folder / "suites" / name)
        write_suites(name, split, images.classes, embedding, *rest)


def image_data(settings: Settings, folder: Path) -> ImageData:
    """What training reads of what `prepare` left."""
    folders = (folder / name for name in ("prepared", "augmented", "suites"))
    return ImageData(*folders, mix=choose_mix(settings), seed=settings.seed)


def card_of(settings: Settings, folder: Path, data: ImageData) -> ModelCard:
    """The network that the settings name, for these data."""
    return describe(settings.model, Dataset.load(folder / "prepared"), len(data.train))


def train(
    settings: Settings, folder: Path, workspace: Path, logger: Logger | None = None
) -> Fitted:
    """A training on what `prepare` left."""
    data = image_data(settings, folder)
    card = card_of(settings, folder, data)
    return fit(card, data, settings, workspace=workspace, logger=logger)
