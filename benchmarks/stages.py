"""The stages of the pipeline as benchmarks run them: in one process, in a folder of their own."""

from pathlib import Path
from typing import Any

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


def prepare(settings: Settings, folder: Path) -> None:
    """The stages before training, into `folder`."""
    fetch(settings.data, folder / "raw")
    images = read_images(folder / "raw", settings.data, folder / "decoded.bin")
    (folder / "prepared").mkdir()
    pack(images, settings.data, folder / "prepared")
    train = PackedSplit.load(folder / "prepared" / "train")
    embedding = fit_embedding(train)
    write_copies(train, images.classes, settings.variation, settings.seed, folder / "augmented")
    for name, count in settings.suites.model_dump().items():
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
