"""A project folder with the digits prepared, and nothing else."""

from pathlib import Path
from typing import Any

from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.data.prepare import pack, read_images
from constancy.data.sources import open_source
from constancy.data.table import write_table
from constancy.settings import Settings, load_settings


def digits_project(folder: Path, **changes: Any) -> Settings:
    """Write params.yaml, with changes at keys such as train__epochs, and data/prepared."""
    yaml = YAML()
    values = yaml.load(REPOSITORY / "params.yaml")
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = values
        for parent in parents:
            section = section[parent]
        section[last] = value
    yaml.dump(values, folder / "params.yaml")
    settings = load_settings(folder / "params.yaml")
    (folder / "data" / "prepared").mkdir(parents=True)
    with open_source(settings.data) as source:
        write_table(source.samples, folder / "data" / "raw")
    images = read_images(folder / "data" / "raw", settings.data, folder / "data" / "decoded.bin")
    pack(images, settings.data, folder / "data" / "prepared")
    return settings
