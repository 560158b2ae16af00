"""What training asks of the machine, under the names by which MLflow's UI knows it."""

import os
import time
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import psutil

from constancy.registry.journal import Journal

SAMPLE_SECONDS = 10.0


class SystemMetrics(Thread):
    """Writes the use of processors, memory, disk, network and GPUs into a journal, until stopped.

    The steps are seconds since the run began, also where a killed one goes on.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(name="system metrics", daemon=True)
        self._journal = journal
        self._stopped = Event()

    def run(self) -> None:
        gpus = _gpus()
        start = psutil.net_io_counters()
        psutil.cpu_percent()  # which counts from the last call, and at the first has nothing to tell
        while not self._stopped.wait(SAMPLE_SECONDS):
            memory, disk = psutil.virtual_memory(), psutil.disk_usage(os.sep)
            network = psutil.net_io_counters()
            values = {
                "cpu_utilization_percentage": psutil.cpu_percent(),
                "system_memory_usage_megabytes": memory.used / 1e6,
                "system_memory_usage_percentage": memory.used / memory.total * 100,
                "disk_usage_megabytes": disk.used / 1e6,
                "disk_usage_percentage": disk.percent,
                "disk_available_megabytes": disk.free / 1e6,
                "network_receive_megabytes": (network.bytes_recv - start.bytes_recv) / 1e6,
                "network_transmit_megabytes": (network.bytes_sent - start.bytes_sent) / 1e6,
            }
            for number, gpu in enumerate(gpus):
                values |= {f"gpu_{number}_{name}": value for name, value in _gpu(gpu).items()}
            step = int(time.time() - self._journal.start / 1000)
            self._journal.log({f"system/{name}": each for name, each in values.items()}, step)

    def stop(self) -> None:
        """End, and come back when it has."""
        self._stopped.set()
        self.join()


def _gpus() -> list[Any]:
    """Handles of NVIDIA's GPUs; none without its library (nvidia-ml-py)."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return [
            pynvml.nvmlDeviceGetHandleByIndex(number)
            for number in range(pynvml.nvmlDeviceGetCount())
        ]
    except Exception:  # the library, the driver, or permission is missing
        return []


def _gpu(handle: Any) -> dict[str, float]:
    import pynvml

    values: dict[str, float] = {}
    with suppress(pynvml.NVMLError):  # not every GPU tells everything
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        values["memory_usage_megabytes"] = memory.used / 1e6
        values["memory_usage_percentage"] = memory.used / memory.total * 100
        values["utilization_percentage"] = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
        values["power_usage_watts"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000
    return values
