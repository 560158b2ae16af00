"""Where a run comes from: code, data, libraries and machine, as tags that say it in digests."""

import hashlib
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from constancy.errors import UserError
from constancy.paths import PREPARED

DVC_LOCK = Path("dvc.lock")
REQUIREMENTS = Path("requirements.lock")


def lineage_tags() -> dict[str, str]:
    """Tags that lead from a run back to its origin; what cannot be known here is left out.

    Read in the working directory, which is a copy of the project under `dvc exp run --temp`.
    """
    tags = {
        "mlflow.source.git.commit": _git("rev-parse", "HEAD"),
        "git.dirty": _dirty(),
        "dvc.lock.sha256": _digest(DVC_LOCK),
        "requirements.lock.sha256": _digest(REQUIREMENTS),
        "machine": _machine(),
    }
    return {name: value for name, value in tags.items() if value}


def data_digest() -> str | None:
    """DVC's digest of the prepared data (MD5 of their listing), or None if none is recorded."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        lock: Any = YAML(typ="safe", pure=True).load(DVC_LOCK.read_text(encoding="utf-8"))
        outs = lock["stages"]["prepare"]["outs"]
        return next(str(out["md5"]) for out in outs if Path(out["path"]) == PREPARED)
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, StopIteration):
        return None  # written by `dvc repro`, stage by stage: this one has not run under it yet
    except YAMLError:
        raise UserError(
            f"{DVC_LOCK} cannot be read as YAML: restore it with `git checkout {DVC_LOCK}`"
        ) from None


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _git(*arguments: str) -> str | None:
    """What git answers, None without git or outside a repository."""
    try:
        answer = subprocess.run(
            ["git", *arguments],  # noqa: S607 -- the user's git
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _dirty() -> str | None:
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return None if changes is None else str(bool(changes)).lower()


def _machine() -> str:
    import torch

    parts = [platform.node(), platform.platform(), f"{os.cpu_count()} CPUs"]
    if torch.cuda.is_available():
        parts.append(f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}")
    return ", ".join(parts)
