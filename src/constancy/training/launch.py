"""How many processes a training has, and where: asked of whoever started them."""

import os
import threading
import time
from typing import Any

import torch
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


def search_no_driver() -> None:
    """Let torch's optimisers, which ask in every step whether there is a GPU, ask for CUDA's devices.

    Lightning has them search the disk for the driver instead, so that a process which asked can
    still be forked: a third of a millisecond where there is none, and then nothing to keep intact.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def trainer_devices(train: Train) -> dict[str, Any]:
    """Lightning's options for devices: under torchrun and SLURM what those started, else as set."""
    options: dict[str, Any] = {"accelerator": train.accelerator, "strategy": train.strategy}
    if launched := _launched():
        here, together = launched
        return options | {"devices": here, "num_nodes": together // here}
    return options | {"devices": train.devices}


def processes(train: Train) -> int:
    """How many processes share each batch, on all machines together."""
    if launched := _launched():
        return launched[1]
    if train.devices != "auto":
        return train.devices
    return max(1, torch.cuda.device_count()) if train.accelerator != "cpu" else 1


def _launched() -> tuple[int, int] | None:
    """How many processes a launcher started on this machine, and together; None without one."""
    if TorchElasticEnvironment.detect():
        return int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    if SLURMEnvironment.detect():
        together = int(os.environ["SLURM_NTASKS"])
        return together // int(os.environ.get("SLURM_NNODES", "1")), together
    return None
