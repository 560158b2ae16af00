"""Who starts the processes says how many there are and where."""

import sys
from typing import Any

import pytest
import torch
from training_project import RECIPE

from constancy.settings.train import Train
from constancy.training.launch import search_no_driver, trainer_devices

TRAIN = Train.model_validate(RECIPE | {"devices": 3})
LAUNCHERS = ("TORCHELASTIC_RUN_ID", "SLURM_NTASKS", "SLURM_JOB_NAME")


@pytest.fixture(autouse=True)
def _started_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def test_by_itself_a_training_has_the_devices_that_are_set() -> None:
    assert trainer_devices(TRAIN) == {"accelerator": "auto", "strategy": "auto", "devices": 3}


def test_under_torchrun_it_has_what_that_started(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "TORCHELASTIC_RUN_ID": "x",
        "GROUP_RANK": "0",
        "LOCAL_WORLD_SIZE": "2",
        "WORLD_SIZE": "6",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    found = trainer_devices(TRAIN)
    assert (found["devices"], found["num_nodes"]) == (2, 3)


def test_under_slurm_it_has_the_jobs_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"SLURM_NTASKS": "8", "SLURM_NNODES": "2", "SLURM_JOB_NAME": "train"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    found = trainer_devices(TRAIN)
    assert (found["devices"], found["num_nodes"]) == (4, 2)


def test_in_an_interactive_slurm_session_it_is_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_NTASKS", "8")
    monkeypatch.setenv("SLURM_JOB_NAME", "bash")
    assert trainer_devices(TRAIN)["devices"] == 3


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_no_step_searches_for_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # as Lightning sets it
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.ones(1)
    optimizer, opened = torch.optim.AdamW([weight]), 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal opened
        opened += event == "ctypes.dlopen"

    sys.addaudithook(count)
    optimizer.step()
    assert opened == 1
    search_no_driver()
    before = opened
    optimizer.step()
    assert opened == before
