"""Processes forked from one that has all imports behind it, which take longer than what they do.

Python keeps one such server for all who ask, with the imports of whoever was first: so they stand
here once. In Python 3.11 it finds installed modules alone, and none of `tests/`.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "constancy.registry.change",
        "constancy.settings",
        "constancy.training.fit",
        "mlflow",
        "mlflow.store.model_registry.sqlalchemy_store",
        "mlflow.store.tracking.sqlalchemy_store",
        "pytorch_lightning",
    ]
)
