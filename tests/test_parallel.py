"""Jobs run on this machine's cores, or wherever joblib is told to run them."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from constancy.data.packed import PackedSplit
from constancy.errors import UserError
from constancy.parallel import DASK, Job, cluster, end_workers, run_jobs
from constancy.settings.variation import Variation
from constancy.variation import parallel
from constancy.variation.copies import write_copies


def process_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


def jobs(seconds: float) -> list[Job[tuple[int, int]]]:
    return [Job(process_of, (number,), 1, seconds) for number in range(6)]


def test_little_work_stays_in_this_process() -> None:
    done = list(run_jobs("work", jobs(seconds=0.01)))
    assert done == [(number, os.getpid()) for number in range(6)]


def test_much_work_goes_to_others_and_its_results_keep_their_order() -> None:
    done = list(run_jobs("work", jobs(seconds=10), workers=2))
    end_workers()
    assert [number for number, _ in done] == list(range(6))
    assert os.getpid() not in {process for _, process in done}


def test_a_cluster_makes_the_same_copies(
    params: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_SHARD_SECONDS", 0.01)
    values = params["variation"]
    values["copies"] |= dict.fromkeys(values["copies"], 0) | {"scale": 2, "clutter": 1}
    variation = Variation.model_validate(values)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 1), np.uint8)
    np.save(tmp_path / "images.npy", pixels)
    images = np.load(tmp_path / "images.npy", mmap_mode="r")
    index = pd.DataFrame({"id": [f"{row:016x}" for row in range(len(images))]})
    train = PackedSplit(images, np.arange(len(images)) % 3, index)
    classes = ["a", "b", "c"]
    write_copies(train, classes, variation, 0, tmp_path / "here", workers=1)
    monkeypatch.setattr("constancy.parallel._ALONE_SECONDS", 0)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as dask:
        monkeypatch.setenv(DASK, dask.scheduler_address)
        with cluster():
            assert os.getpid() not in {process for _, process in run_jobs("work", jobs(seconds=10))}
            write_copies(train, classes, variation, 0, tmp_path / "there")
    for kind in ("scale", "clutter"):
        here, there = (np.load(tmp_path / at / kind / "images.npy") for at in ("here", "there"))
        assert (here == there).all()
        assert here.any(axis=(2, 3, 4)).all()


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("constancy.parallel._ANSWER_SECONDS", 0.5)
    for address in ("127.0.0.1:9", "nonsense"):
        monkeypatch.setenv(DASK, address)
        told = f"^{DASK}: no Dask scheduler answers at '{address}': name a running one"
        with pytest.raises(UserError, match=told), cluster():
            pass


def test_without_dask_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DASK, "scheduler:8786")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'constancy\[dask\]'"), cluster():
        pass
