"""A small project as the stages before training leave it."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.data.packed import Dataset
from constancy.settings import Settings, check_settings
from constancy.training.data import ImageData
from constancy.training.fit import Fitted, describe, fit
from constancy.training.mix import choose_mix


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


RECIPE: dict[str, Any] = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())["train"]
"""The committed recipe."""
