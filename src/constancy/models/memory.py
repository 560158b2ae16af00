"""Building a network without memory for its weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class WithoutMemory(TorchFunctionMode):
    """A context in which networks are built with weights on the meta device, which holds nothing.

    Large weights all begin as `torch.empty`. What a network computes while it is built, such as its
    widths or an index of positions, is computed as usual: under `torch.device("meta")` it could not.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        elsewhere = {"device": "meta"} if func is torch.empty else {}
        return func(*args, **(kwargs or {}) | elsewhere)
