"""Where a run comes from: code, data, libraries and machine, as tags that say it in digests."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.files import read_yaml
from constancy.paths import AUGMENTED, METRICS, PREPARED, RAW, SUITES

DVC_LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements.lock")
CPUS = Path("/proc/cpuinfo")
DIFF_CHARACTERS = 1_000_000

COMMIT_TAG = "mlflow.source.git.commit"
DIRTY_TAG = "git.dirty"
LOCK_TAG = "requirements.lock.sha256"
THREADS_TAG = "machine.threads"

DATA = (RAW, PREPARED, AUGMENTED, SUITES)
"""What training reads, and the image table from which that is made."""

LIBRARIES = (
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pytorch-lightning",
    "scipy",
    "torchvision",
)
"""Whose versions may change the numbers, besides Python's and torch's."""

_SOURCES = ("--", ":/", *(f":(exclude){path}" for path in (DVC_LOCK, METRICS)))
"""For git: all files but those that the pipeline itself writes, which decide nothing of a training."""


def lineage_tags() -> dict[str, str]:
    """Tags that lead from a training back to its origin; what cannot be known here is left out.

    Code, libraries, machine, and the digests of what it reads, such as `data/prepared.md5`. Read in
    the working directory, which is a copy of the project under `dvc exp run --temp`.
    """
    tags = {
        COMMIT_TAG: git("rev-parse", "HEAD"),
        "mlflow.source.git.branch": git("symbolic-ref", "--short", "HEAD"),
        DIRTY_TAG: _dirty(),
        LOCK_TAG: requirements_digest(),
        **machine_tags(),
        **data_tags(),
    }
    return {name: value for name, value in tags.items() if value}


def machine_tags() -> dict[str, str]:
    """Tags of this machine and of what computes on it; empty where it has none, such as GPUs."""
    import torch

    gpus = [torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": f"{platform.node()}, {platform.platform()}",
        "machine.cpus": f"{os.cpu_count()} CPUs, {_processor()}",
        "machine.memory": f"{memory / 1e9:.0f} GB",
        "machine.gpus": ", ".join(gpus),
        THREADS_TAG: str(torch.get_num_threads()),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "libraries": ", ".join(_versions()),
    }


def uncommitted() -> str | None:
    """What is changed since git's last commit, as a patch cut off at a million characters.

    Not in it is what the pipeline itself writes: dvc.lock and reports/metrics.json.
    Addresses in it are without their secrets, and so may differ from those in the files.
    """
    difference = git("diff", "--no-ext-diff", "--no-color", "HEAD", *_SOURCES)
    return without_secrets(difference[:DIFF_CHARACTERS]) + "\n" if difference else None


def data_tags(folder: Path = Path()) -> dict[str, str]:
    """The tags of `data_digests`, such as `data/prepared.md5`."""
    return {f"{path}.md5": digest for path, digest in data_digests(folder).items()}


def data_digests(folder: Path = Path()) -> dict[str, str]:
    """DVC's digests (MD5 of their listing) of DATA in a project's folder, by path, as far as recorded.

    DVC records a stage when it ends: while `train` runs, dvc.lock has the data of this very pass,
    and of the later stages what the last one left.
    """
    outs = [out for stage in _locked_stages(folder).values() for out in stage.get("outs", [])]
    digests = {out["path"]: str(out["md5"]) for out in outs if "md5" in out}
    return {str(path): digests[str(path)] for path in DATA if str(path) in digests}


def lock_digest() -> str | None:
    """A digest of all that dvc.lock records of a pass up to its evaluation; None without any.

    SHA-256, hexadecimal, of the stages other than `register` as sorted JSON: in Python, of
    `json.dumps(stages, sort_keys=True)`. DVC writes the entry of `register` after it has ended.
    """
    stages = {name: stage for name, stage in _locked_stages().items() if name != "register"}
    text = json.dumps(stages, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest() if stages else None


def requirements_digest() -> str | None:
    """SHA-256, hexadecimal, of requirements.lock; None where there is none."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest() if REQUIREMENTS.exists() else None


def git(*arguments: str) -> str | None:
    """What git answers, None without git or outside a repository."""
    try:
        answer = subprocess.run(
            ["git", *arguments],  # noqa: S607 -- the user's git
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _locked_stages(folder: Path = Path()) -> dict[str, Any]:
    """The stages in dvc.lock; none where there is no such file."""
    try:
        lock = read_yaml(folder / DVC_LOCK)
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(
            f"{DVC_LOCK} cannot be read as YAML: restore it with `git checkout {DVC_LOCK}`"
        ) from None
    return (lock.get("stages") if isinstance(lock, dict) else None) or {}


def _versions() -> Iterator[str]:
    """Those of LIBRARIES, but for one that came in another package."""
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def _dirty() -> str | None:
    changes = git("status", "--porcelain", "--untracked-files=no", *_SOURCES)
    return None if changes is None else str(bool(changes)).lower()


def _processor() -> str:
    """The processor's name as Linux tells it."""
    with suppress(OSError):
        for line in CPUS.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
