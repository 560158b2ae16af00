"""Jobs run on this machine's cores, or wherever joblib is told to run them."""

import os
import pickle
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.parallel import ParallelBackendBase, register_parallel_backend

from constancy.data.packed import PackedSplit
from constancy.parallel import Job, end_workers, run_jobs
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


class Elsewhere(ParallelBackendBase):
    """Processes that share nothing with this one but the disk, as those of a cluster do."""

    supports_retrieve_callback = True
    supports_return_generator = True

    def configure(self, n_jobs: int = 1, **_: Any) -> int:
        self.pool = ProcessPoolExecutor(2, get_context("spawn"))
        return self.effective_n_jobs(n_jobs)

    def effective_n_jobs(self, n_jobs: int) -> int:
        return 2

    def submit(self, func: Any, callback: Any = None) -> "Future[bytes]":
        future = self.pool.submit(called, pickle.dumps(func))
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        return pickle.loads(out.result())

    def terminate(self) -> None:
        self.pool.shutdown()


def called(function: bytes) -> bytes:
    return pickle.dumps(pickle.loads(function)())


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
    register_parallel_backend("elsewhere", Elsewhere)
    with joblib.parallel_config("elsewhere"):
        monkeypatch.setattr("constancy.parallel._ALONE_SECONDS", 0)
        write_copies(train, classes, variation, 0, tmp_path / "there")
    for kind in ("scale", "clutter"):
        here, there = (np.load(tmp_path / at / kind / "images.npy") for at in ("here", "there"))
        assert (here == there).all()
        assert here.any(axis=(2, 3, 4)).all()
