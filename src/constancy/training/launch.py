"""How many processes a training has, and where: asked of whoever started them."""

import os
import threading
import time
from typing import Any

from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from constancy.settings.train import Train


def end_with_parent() -> None:
    """End this process when the one that started it is gone: killed, it leaves nobody waiting."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


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
