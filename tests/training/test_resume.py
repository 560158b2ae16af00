"""A training that is cut off anywhere goes on where it was, and ends with the very same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from forked import PROCESSES
from project import REPOSITORY
from training_process import telling
from training_project import Prepared

from constancy.training.resume import BEST, Best

pytestmark = pytest.mark.timeout(300)

PROCESS = REPOSITORY / "tests" / "training_process.py"
STATEFUL = {
    "epochs": 3,
    "batch_size": 24,
    "accumulate": 2,
    "ema": 0.9,
    "mixup": 0.2,
    "mix": "adaptive",
    "shift": 1,
}
"""A recipe in which everything that has a state is at work."""


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_with(prepared, tmp_path_factory.mktemp("resume"), **STATEFUL)


def project_with(prepared: Prepared, folder: Path, **train: object) -> Path:
    for name in ("prepared", "augmented", "suites"):
        (folder / name).symlink_to(prepared.folder / name)
    values = deepcopy(prepared.values)
    values["train"].update(train)
    (folder / "values.json").write_text(json.dumps(values))
    return folder


def command(project: Path, workspace: Path, *point: object) -> list[str]:
    words = map(str, point or ("never",))
    return [sys.executable, str(PROCESS), str(project), str(workspace), *words]


def start(
    project: Path, workspace: Path, *point: object, **launched: str
) -> tuple[BaseProcess, Path]:
    """A process of its own that trains, and the file to which it tells what it has to tell.

    It is a fork of one that has imported everything: to do so takes longer than the training.
    """
    told = workspace.with_suffix(f".{launched.get('SLURM_PROCID', '')}err")
    words = [str(word) for word in point or ("never",)]
    process = PROCESSES.Process(target=telling, args=(told, project, workspace, words, launched))
    process.start()
    return process, told


def trained(project: Path, workspace: Path, *point: object, code: int = 0) -> str:
    """What the process told; it ended as it should."""
    process, told = start(project, workspace, *point)
    process.join(200)
    assert process.exitcode == code, told.read_text()
    return told.read_text()


def env(**more: str) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"} | more


def outcome(workspace: Path) -> tuple[Any, str]:
    result = json.loads((workspace / "result.json").read_text())
    return result, (workspace / "history.csv").read_text()


@pytest.fixture(scope="module")
def whole(project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """The outcome of the training that nothing cuts off."""
    workspace = tmp_path_factory.mktemp("whole")
    trained(project, workspace)
    return outcome(workspace)


@pytest.mark.parametrize(
    "points",
    [
        [("batch", 0, 0)],
        [("batch", 1, 0), ("batch", 2, 0)],
        [("batch", 1, 7), ("batch", 1, 8), ("batch", 2, 3)],
        [("validation", 0), ("validation", 1)],
        [("epoch", 0), ("epoch", 2)],
        [("save", 1), ("save", 3), ("save", 9)],
    ],
    ids=[
        "first batch",
        "after an epoch",
        "amid epochs",
        "validation",
        "an epoch's edge",
        "a write",
    ],
)
def test_a_killed_training_ends_with_the_bits_of_the_whole_one(
    project: Path, whole: tuple[Any, str], tmp_path: Path, points: list[tuple[object, ...]]
) -> None:
    for point in points:
        trained(project, tmp_path, *point, code=-signal.SIGKILL)
        assert not (tmp_path / "result.json").exists()
    told = trained(project, tmp_path)
    assert ("going on in epoch" in told) == (points[0] != ("batch", 0, 0))
    assert outcome(tmp_path) == whole


def test_a_training_killed_amid_a_turn_of_many_steps_goes_on_before_it(
    project: Path, whole: tuple[Any, str], tmp_path: Path
) -> None:
    trained(project, tmp_path, "batch", 1, 7, "turns", code=-signal.SIGKILL)
    assert "going on in epoch" in trained(project, tmp_path, "never", "turns")
    assert outcome(tmp_path) == whole


def test_a_training_of_one_step_an_epoch_is_saved_too(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    one_step = {"batch_size": 24, "accumulate": 1000, "epochs": 4}
    project = project_with(prepared, tmp_path / "project", **one_step)
    trained(project, tmp_path / "whole")
    trained(project, tmp_path / "cut", "batch", 2, 3, code=-signal.SIGKILL)
    assert "going on in epoch 3, after step 2" in trained(project, tmp_path / "cut")
    assert outcome(tmp_path / "cut") == outcome(tmp_path / "whole")


def test_the_best_score_is_still_to_be_beaten_where_the_folder_was_moved_to(tmp_path: Path) -> None:
    before, after = (Best(tmp_path / name, "score") for name in ("before", "after"))
    path = str(tmp_path / "before" / BEST)
    before.best_model_score, before.best_model_path = torch.tensor(0.5), path
    before.kth_best_model_path, before.kth_value = path, torch.tensor(0.5)
    before.best_k_models = {path: torch.tensor(0.5)}
    after.load_state_dict(before.state_dict())
    moved = str(tmp_path / "after" / BEST)
    assert (after.best_model_path, after.kth_best_model_path) == (moved, moved)
    assert (after.best_model_score, after.kth_value) == (0.5, 0.5)
    assert after.best_k_models == {moved: 0.5}


def test_sigterm_saves_and_leaves_within_ten_seconds(
    project: Path, whole: tuple[Any, str], tmp_path: Path
) -> None:
    process, told = start(project, tmp_path)
    while not (tmp_path / "last.ckpt").exists():
        assert process.is_alive(), told.read_text()
        time.sleep(0.05)
    asked = time.monotonic()
    process.terminate()
    process.join(60)
    assert process.exitcode == 128 + signal.SIGTERM
    assert time.monotonic() - asked < 10
    assert "told to end; run again to go on" in told.read_text()
    assert "Traceback" not in told.read_text()
    trained(project, tmp_path)
    assert outcome(tmp_path) == whole


@pytest.mark.parametrize("turns", [(), ("turns",)], ids=["a step a turn", "many steps a turn"])
def test_sigterm_saves_what_nothing_had_saved(
    project: Path, whole: tuple[Any, str], tmp_path: Path, turns: tuple[str, ...]
) -> None:
    trained(project, tmp_path, "told", 1, 7, *turns, code=128 + signal.SIGTERM)
    assert "going on in epoch 2, after step" in trained(project, tmp_path)
    assert outcome(tmp_path) == whole


TWO = {"accelerator": "cpu", "strategy": "ddp", "epochs": 2, "batch_size": 48}


def by_slurm(rank: int) -> dict[str, str]:
    """The variables that SLURM gives one of two processes, each on a machine of its own."""
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "2"}
    job |= {"SLURM_NNODES": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_LOCALID": "0"}
    job |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29519"}
    return job | {"SLURM_PROCID": str(rank), "SLURM_NODEID": str(rank)}


def trained_on_two_nodes(
    project: Path, workspace: Path, *point: object, code: int = 0
) -> list[str]:
    """What two processes told that SLURM started, as it were, on a machine each."""
    both = [start(project, workspace, *point, **by_slurm(rank)) for rank in (0, 1)]
    for process, told in both:
        process.join(100)
        assert process.exitcode == code, told.read_text()
    return [told.read_text() for _, told in both]


def test_where_slurm_tells_one_of_two_nodes_to_end_both_save_and_go_on(
    prepared: Prepared, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    project = project_with(prepared, tmp_path / "project", **STATEFUL | TWO)
    trained_on_two_nodes(project, tmp_path / "whole")
    cut = tmp_path / "cut"
    told = trained_on_two_nodes(project, cut, "told", 1, 2, 1, code=128 + signal.SIGTERM)
    assert "told to end; run again to go on from here" in told[0]
    assert not any("Traceback" in each for each in told)
    assert "going on in epoch 2, after step" in trained_on_two_nodes(project, cut)[0]
    assert outcome(cut) == outcome(tmp_path / "whole")


def test_what_one_process_has_begun_two_go_on_with(prepared: Prepared, tmp_path: Path) -> None:
    project = project_with(prepared, tmp_path, **STATEFUL | TWO | {"strategy": "auto"})
    workspace = tmp_path / "workspace"
    trained(project, workspace, "batch", 1, 3, code=-signal.SIGKILL)
    told = trained_on_two_nodes(project, workspace)
    steps = -(-len(prepared.data(prepared.settings()).train) // (48 * 2))
    assert f"going on in epoch 2, after step {steps + 1}" in told[0]


def test_a_loss_that_is_no_number_on_one_of_two_nodes_ends_both(
    prepared: Prepared, tmp_path: Path
) -> None:
    project = project_with(prepared, tmp_path, **STATEFUL | TWO)
    for told in trained_on_two_nodes(project, tmp_path / "ruined", "ruined", 0, 1, code=1):
        assert "UserError: the loss was no longer finite in step" in told


def torchrun(project: Path, workspace: Path, *options: str, point: str = "never") -> list[str]:
    start = [sys.executable, "-m", "torch.distributed.run", *options]
    return [*start, str(PROCESS), str(project), str(workspace), *point.split()]


@pytest.mark.slow  # eight processes that import everything
def test_two_nodes_take_over_what_was_killed_on_one_and_end_with_its_bits(
    prepared: Prepared, tmp_path: Path
) -> None:
    project = project_with(prepared, tmp_path, **STATEFUL | TWO | {"devices": 2})
    alone = command(project, tmp_path / "one")
    subprocess.run(alone, check=True, timeout=200, env=env(), stderr=subprocess.DEVNULL)
    # Killed in the first process, the other one ends too.
    killed = command(project, tmp_path / "two", "batch", 1, 3, 0)
    assert subprocess.run(killed, capture_output=True, env=env(), timeout=200).returncode
    nodes = [("--nnodes=2", "--nproc-per-node=1", f"--node-rank={rank}",
              "--master-addr=127.0.0.1", "--master-port=29517") for rank in (0, 1)]  # fmt: skip
    both = [
        subprocess.Popen(
            torchrun(project, tmp_path / "two", *node), env=env(), stderr=subprocess.PIPE, text=True
        )
        for node in nodes
    ]
    told = [node.communicate(timeout=200)[1] for node in both]
    assert [node.returncode for node in both] == [0, 0], told
    assert "going on in epoch 2" in told[0]
    assert outcome(tmp_path / "two") == outcome(tmp_path / "one")


@pytest.mark.slow  # four processes that import everything
def test_two_nodes_under_slurm_end_with_the_bits_of_one_process_with_two_devices(
    prepared: Prepared, tmp_path: Path
) -> None:
    for name, devices in (("one", {"devices": 2}), ("two", {})):
        (tmp_path / name).mkdir()
        project_with(prepared, tmp_path / name, **STATEFUL | TWO | devices)
    launched = [("one", {}), ("two", by_slurm(0)), ("two", by_slurm(1))]
    processes = [
        subprocess.Popen(
            command(tmp_path / name, tmp_path / name / "workspace"),
            env=env(**variables),
            stderr=subprocess.DEVNULL,
        )
        for name, variables in launched
    ]
    assert [process.wait(200) for process in processes] == [0, 0, 0]
    one, two = (outcome(tmp_path / name / "workspace") for name in ("one", "two"))
    assert one == two
