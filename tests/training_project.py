"""A small project as the stages before training leave it."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.data.packed import Dataset, PackedSplit
from constancy.data.prepare import pack, read_images
from constancy.data.sources import open_source
from constancy.data.table import write_table
from constancy.settings import Settings, check_settings
from constancy.training.data import ImageData
from constancy.training.fit import Fitted, describe, fit
from constancy.training.mix import choose_mix
from constancy.variation.copies import write_copies
from constancy.variation.embedding import fit_embedding
from constancy.variation.write_suites import write_suites


@dataclass(frozen=True)
class Prepared:
    """Folders as the stages before training leave them, and the settings that made them."""

    folder: Path
    values: dict

    def settings(self, **train: object) -> Settings:
        values = deepcopy(self.values)
        values["train"].update(train)
        return check_settings(values)

    def data(self, settings: Settings) -> ImageData:
        return ImageData(
            self.folder / "prepared",
            self.folder / "augmented",
            self.folder / "suites",
            mix=choose_mix(settings),
            seed=settings.seed,
        )

    def fit(
        self, settings: Settings, workspace: Path, data: ImageData | None = None, **more: Any
    ) -> Fitted:
        """The training of these settings, on these data or on all there are."""
        data = data or self.data(settings)
        dataset = Dataset.load(self.folder / "prepared")
        card = describe(settings.model, dataset, len(data.train))
        return fit(card, data, settings, workspace=workspace, logger=None, **more)


def weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    return fitted.network.state_dict()


def same(one: Fitted, other: Fitted) -> bool:
    """Whether two trainings ended with the same bits."""
    pairs = zip(weights(one).values(), weights(other).values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


RECIPE: dict[str, Any] = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())["train"]
"""The committed recipe."""


def prepare_small(folder: Path) -> Prepared:
    """A few hundred digits of 16 x 16 pixels, with a copy of each kind, in `folder`."""
    values = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())
    values["data"]["image"]["size"] = 16
    values["data"]["split"] |= {"validation": 0.3, "test": 0.5}
    values["variation"]["copies"] = dict.fromkeys(values["variation"]["copies"], 1)
    values["variation"]["severities"]["least"] = 0  # what so small a network learns in few epochs
    values["model"]["cnn"] |= {"filters": [8, 16], "hidden": 16}
    values["model"]["mlp"] |= {"hidden": [32]}
    values["model"]["resnet"] |= {"stem": 8, "widths": [8, 16, 16]}
    values["train"] |= {"epochs": 3, "batch_size": 32, "shift": 1}
    settings = check_settings(values)
    with open_source(settings.data) as source:
        write_table(source.samples, folder / "raw")
    images = read_images(folder / "raw", settings.data, folder / "decoded.bin")
    (folder / "prepared").mkdir()
    pack(images, settings.data, folder / "prepared")
    train, validation = (PackedSplit.load(folder / "prepared" / n) for n in ("train", "validation"))
    classes = images.classes
    write_copies(train, classes, settings.variation, 0, folder / "augmented")
    write_suites(
        "validation",
        validation,
        classes,
        fit_embedding(train),
        settings.variation,
        10,
        0,
        folder / "suites" / "validation",
    )
    return Prepared(folder, values)
