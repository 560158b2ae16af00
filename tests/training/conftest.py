"""A small prepared and augmented project for training tests."""

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest
from training_project import Prepared

from constancy.data.packed import Dataset, PackedSplit
from constancy.data.prepare import pack, read_images
from constancy.data.sources import open_source
from constancy.data.table import write_table
from constancy.settings import check_settings
from constancy.training.fit import Fitted, describe, fit
from constancy.variation.copies import write_copies
from constancy.variation.embedding import fit_embedding
from constancy.variation.write_suites import write_suites


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A few hundred digits of 16 x 16 pixels, with a copy of each kind."""
    from project import REPOSITORY
    from ruamel.yaml import YAML

    values = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())
    values["data"]["image"]["size"] = 16
    values["data"]["split"] |= {"validation": 0.3, "test": 0.5}
    values["variation"]["copies"] = dict.fromkeys(values["variation"]["copies"], 1)
    values["model"]["cnn"] |= {"filters": [8, 16], "hidden": 16}
    values["model"]["mlp"] |= {"hidden": [32]}
    values["train"] |= {"epochs": 3, "batch_size": 32, "shift": 1}
    settings = check_settings(values)
    folder = tmp_path_factory.mktemp("prepared")
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


@pytest.fixture
def train(prepared: Prepared, tmp_path: Path) -> Callable[..., Fitted]:
    """A function that trains with some settings of `train` changed."""

    def trained(model: str = "cnn", **changes: object) -> Fitted:
        settings = prepared.settings(**changes)
        named = settings.model.model_copy(update={"name": model})
        return fit(
            describe(named, Dataset.load(prepared.folder / "prepared")),
            prepared.data(settings),
            settings.train,
            seed=settings.seed,
            workspace=Path(mkdtemp(dir=tmp_path)),
            logger=None,
        )

    return trained
