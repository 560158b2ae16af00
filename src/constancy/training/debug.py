"""Presets for a training to look at, not to keep: see `train.debug`."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pytorch_lightning.profilers import PassThroughProfiler, Profiler, SimpleProfiler

from constancy.settings import Settings
from constancy.settings.train import Mix, Train
from constancy.training.data import ImageData

_PLAIN = {
    "mix": Mix.model_validate({"untouched": 1}),
    "shift": 0,
    "flip": False,
    "mixup": 0.0,
    "cutmix": 0.0,
    "label_smoothing": 0.0,
}
"""What overfitting leaves out: whatever shows the network another image or label each time."""

_TENTH = 10


def debugged(settings: Settings) -> Settings:
    """The settings with what their preset changes; the same without one."""
    train: Train = settings.train
    changes: dict[str, dict[str, Any]] = {
        "batch": {"epochs": 1},
        "overfit": {**_PLAIN, "patience": train.epochs},
        "profile": {"epochs": 1},
    }
    changed = train.model_copy(update=changes.get(train.debug or "", {}))
    return settings.model_copy(update={"train": changed})


def shorten(data: ImageData, train: Train) -> None:
    """Leave those images that the preset asks for; rows are in the order of a hash, as if drawn."""
    if train.debug in ("batch", "overfit"):
        data.limit(train.batch_size)
    elif train.debug == "tenth":
        data.limit(max(len(data.train) // _TENTH, train.batch_size))


def profiler(train: Train, folder: Path) -> Profiler:
    """What times the training: it writes `fit-profile.txt` into `folder` if a preset asks for it."""
    if train.debug != "profile":
        return _NoProfiler()
    for former in folder.glob("*profile*.txt"):  # else it is added to
        former.unlink()
    return SimpleProfiler(folder, "profile")


class _NoProfiler(PassThroughProfiler):
    """Lightning's own one that does nothing enters a generator for each of 60 hooks in a step."""

    nothing = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override] # noqa: ARG002
        return self.nothing
