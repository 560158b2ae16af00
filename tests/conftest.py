"""What all tests share."""

import os
from pathlib import Path

import pytest

# Before any test imports a library that would ask the network or print a banner.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MPLBACKEND", "Agg")

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> dict:
    """The committed params.yaml as plain values, to change and check."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load((PROJECT / "params.yaml").read_text())
