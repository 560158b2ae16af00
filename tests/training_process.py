"""A training in a process of its own, which ends itself by SIGKILL at a chosen point.

    python training_process.py PROJECT WORKSPACE POINT

PROJECT: a folder with `values.json`, the settings, and the stages' folders; POINT: `batch EPOCH
BATCH`, `validation EPOCH`, `epoch EPOCH` (its row is written), `save NUMBER` (in the middle of
writing that checkpoint), or `never`. State is saved after every step. `told EPOCH BATCH` is another
end: there the process gets SIGTERM, and by then has saved nothing. Of several processes, one alone
ends at `batch EPOCH BATCH RANK` and `told EPOCH BATCH RANK`, and `ruined EPOCH RANK` makes one lose
its numbers in the last batch of that epoch. Each step is a turn of Lightning's loop, but with a last
word `turns`. In the end the workspace has `result.json`.
"""

import hashlib
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.utilities import rank_zero_only
from training_project import Prepared

from constancy.training import resume, steps
from constancy.training.callbacks import History
from constancy.training.module import Classifier


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(point: list[str]) -> None:
    """Patch the place where the process is to end."""
    kind, *numbers = point
    wanted = [int(number) for number in numbers]
    place, ranks = wanted[:2], wanted[2:] or range(2)
    loss, validate, row = (
        Classifier.loss_of,
        Classifier.validation_step,
        History.on_train_epoch_end,
    )
    save, saves = torch.save, [0]

    def loss_of(self: Any, batch: Any, number: int) -> Any:
        if [self.current_epoch, number] == place and self.global_rank in ranks:
            if kind == "batch":
                die()
            if kind == "told":
                os.kill(os.getpid(), signal.SIGTERM)
        here = [self.current_epoch, self.global_rank] == wanted
        last = number == self.trainer.num_training_batches - 1
        if kind == "ruined" and here and last:
            self.class_weights = torch.full((self.classes,), math.nan)
        return loss(self, batch, number)

    def validation_step(self: Any, batch: Any, batch_idx: int) -> None:
        validate(self, batch, batch_idx)
        if kind == "validation" and self.current_epoch == wanted[0] and batch_idx == 2:
            die()

    def on_train_epoch_end(self: Any, trainer: Any, module: Any) -> None:
        row(self, trainer, module)
        if kind == "epoch" and trainer.current_epoch == wanted[0]:
            die()

    def half_saved(value: Any, file: Any) -> None:
        saves[0] += 1
        save(value, file)
        if kind == "save" and saves[0] == wanted[0]:
            file.truncate(file.tell() // 2)
            die()

    Classifier.loss_of = loss_of  # type: ignore[method-assign]
    Classifier.validation_step = validation_step  # type: ignore[method-assign]
    History.on_train_epoch_end = on_train_epoch_end  # type: ignore[method-assign]
    torch.save = half_saved


def main(project: Path, workspace: Path, point: list[str]) -> None:
    if point[-1] == "turns":
        point = point[:-1]
    else:
        steps._TURN = 0.0
    resume._ASK_EVERY = 1
    resume._SECONDS, resume._SHARE = (1e9 if point[0] == "told" else 0.0), 1e9
    killed_at(point)
    first = getattr(rank_zero_only, "rank", 0) == 0
    prepared = Prepared(project, json.loads((project / "values.json").read_text()))
    settings = prepared.settings()
    fitted = prepared.fit(settings, workspace, first=first)
    tensors = fitted.network.state_dict()
    weights = b"".join(name.encode() + each.numpy().tobytes() for name, each in tensors.items())
    result = fitted.record() | {"weights": hashlib.sha256(weights).hexdigest()}
    if first:
        (workspace / "result.json").write_text(json.dumps(result))


def telling(
    told: Path, project: Path, workspace: Path, point: list[str], launched: dict[str, str]
) -> None:
    """`main`, with standard error in a file, and with the variables of whoever launched it."""
    with told.open("w") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ.update(launched)
    rank_zero_only.rank = int(launched.get("SLURM_PROCID", "0"))
    torch.set_num_threads(1)
    main(project, workspace, point)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
