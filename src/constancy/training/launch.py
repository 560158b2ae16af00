"""How many processes a training has, and where: asked of whoever started them."""

import os
from typing import Any

from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from constancy.settings.train import Train


def trainer_devices(train: Train) -> dict[str, Any]:
    """Lightning's options for devices: under torchrun and SLURM what those started, else as set."""
    options: dict[str, Any] = {"accelerator": train.accelerator, "strategy": train.strategy}
    if TorchElasticEnvironment.detect():
        here, together = (int(os.environ[name]) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    elif SLURMEnvironment.detect():
        together = int(os.environ["SLURM_NTASKS"])
        here = together // int(os.environ.get("SLURM_NNODES", "1"))
    else:
        return options | {"devices": train.devices}
    return options | {"devices": here, "num_nodes": together // here}
