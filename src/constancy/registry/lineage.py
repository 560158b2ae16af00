"""Where a run comes from: code, data, libraries and machine, as tags that say it in digests."""

import hashlib
import json
import os
import platform
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from constancy.addresses import without_secrets
from constancy.errors import UserError
from constancy.files import read_yaml
from constancy.paths import AUGMENTED, PREPARED, RAW, SUITES

DVC_LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements.lock")
CPUS = Path("/proc/cpuinfo")
DIFF_CHARACTERS = 1_000_000

INPUTS = (PREPARED, AUGMENTED, SUITES)
"""What training reads."""


def lineage_tags() -> dict[str, str]:
    """Tags that lead from a training back to its origin; what cannot be known here is left out.

    Code, libraries, machine, and the digests of what it reads, such as `data/prepared.md5`. Read in
    the working directory, which is a copy of the project under `dvc exp run --temp`.
    """
    tags = {
        "mlflow.source.git.commit": _git("rev-parse", "HEAD"),
        "mlflow.source.git.branch": _git("symbolic-ref", "--short", "HEAD"),
        "git.dirty": _dirty(),
        "requirements.lock.sha256": _digest(REQUIREMENTS),
        **_machine(),
    }
    inputs = {f"{path}.md5": digest for path, digest in input_digests().items()}
    return {name: value for name, value in tags.items() if value} | inputs


def uncommitted() -> str | None:
    """What is changed since git's last commit, as a patch cut off at a million characters.

    Addresses in it are without their secrets, and so may differ from those in the files.
    """
    difference = _git("diff", "--no-ext-diff", "--no-color", "HEAD")
    return without_secrets(difference[:DIFF_CHARACTERS]) + "\n" if difference else None


def input_digests() -> dict[str, str]:
    """DVC's digests (MD5 of their listing) of what training reads, by path, as far as recorded.

    DVC records a stage when it ends: while `train` runs, dvc.lock has the data of this very pass,
    and of the later stages what the last one left.
    """
    outs = [out for stage in _locked_stages().values() for out in stage.get("outs", [])]
    digests = {out["path"]: str(out["md5"]) for out in outs if "md5" in out}
    return {str(path): digests[str(path)] for path in INPUTS if str(path) in digests}


def raw_digest() -> str | None:
    """DVC's digest of the image table (MD5 of its listing); None if none is recorded."""
    outs = _locked_stages().get("fetch", {}).get("outs", [])
    return next((str(out["md5"]) for out in outs if out.get("path") == str(RAW)), None)


def lock_digest() -> str | None:
    """A digest of all that dvc.lock records of a pass up to its evaluation; None without any.

    SHA-256, hexadecimal, of the stages other than `register` as sorted JSON: in Python, of
    `json.dumps(stages, sort_keys=True)`. DVC writes the entry of `register` after it has ended.
    """
    stages = {name: stage for name, stage in _locked_stages().items() if name != "register"}
    text = json.dumps(stages, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest() if stages else None


def _locked_stages() -> dict[str, Any]:
    """The stages in dvc.lock; none where there is no such file."""
    try:
        lock = read_yaml(DVC_LOCK)
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(
            f"{DVC_LOCK} cannot be read as YAML: restore it with `git checkout {DVC_LOCK}`"
        ) from None
    return (lock.get("stages") if isinstance(lock, dict) else None) or {}


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _git(*arguments: str) -> str | None:
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


def _dirty() -> str | None:
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return None if changes is None else str(bool(changes)).lower()


def _machine() -> dict[str, str | None]:
    import torch

    gpus = [torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": f"{platform.node()}, {platform.platform()}",
        "machine.cpus": f"{os.cpu_count()} CPUs, {_processor()}",
        "machine.memory": f"{memory / 1e9:.0f} GB",
        "machine.gpus": ", ".join(gpus),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    """The processor's name as Linux tells it."""
    with suppress(OSError):
        for line in CPUS.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
