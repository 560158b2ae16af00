"""Memory that runs out: half as many images at once are tried, as long as that makes sense."""

import gc

import torch

from constancy.errors import UserError
from constancy.settings.train import LEAST_BATCH


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says so: of a GPU's memory, or of the machine's."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def half_of(batch_size: int) -> int:
    """Half as many images; UserError where these would be too few to learn from."""
    if batch_size // 2 < LEAST_BATCH:
        raise UserError(
            f"memory runs out even with {batch_size} images at once: "
            "lower data.image.size, or choose a smaller model"
        )
    return batch_size // 2


def release() -> None:
    """Give back what an attempt that ran out of memory held: the next one asks how much is free."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
