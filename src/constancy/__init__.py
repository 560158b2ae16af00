"""Constancy: train image classifiers that stay right when the world changes, and prove it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constancy.serving.load import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> Any:
    """What `constancy.NAME` is: imported when asked for, since torch takes seconds.

    By name, since what this file imports would belong to the code of every registered model.
    """
    if name in __all__:
        return getattr(import_module("constancy.serving.load"), name)
    raise AttributeError(f"module 'constancy' has no attribute '{name}'")
