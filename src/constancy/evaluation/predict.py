"""A network's logits for arrays of images, batch by batch."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from constancy.allocator import keep_freed_memory
from constancy.errors import UserError
from constancy.settings.base import Precision


def device_at_hand() -> torch.device:
    """Where networks answer: a GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def predict_logits(
    network: nn.Module,
    images: np.ndarray,
    batch_size: int,
    device: torch.device | str | None = None,
    *,
    precision: Precision = "fp32",
    after: Callable[[slice], object] | None = None,
) -> np.ndarray:
    """The logits for every image: float32, ... x classes.

    network: as `Network`, in evaluation mode; it is moved to `device` (None: `device_at_hand`);
    images: uint8, ... x H x W x C, which may be memory-mapped, since one batch at a time is read;
    precision: of the computation, on a CPU or GPU; after: told after each batch which rows of all
    it held. Raises UserError for outputs that are not finite.
    """
    keep_freed_memory()
    target = torch.device(device or device_at_hand())
    network = network.to(target)
    flat = images.reshape(-1, *images.shape[-3:])
    batches = []
    low = torch.autocast(target.type, torch.bfloat16, enabled=precision == "bf16")
    with torch.inference_mode(), low:
        for start in range(0, len(flat), batch_size):
            # Copied, since torch takes no read-only memory. Channels stay last in memory, which is
            # the layout that the network's weights have.
            batch = torch.from_numpy(np.array(flat[start : start + batch_size]))
            logits = network(batch.to(target).permute(0, 3, 1, 2))
            batches.append(logits.to("cpu", torch.float32).numpy())
            if after:
                after(slice(start, start + len(batch)))
    found = np.concatenate(batches)
    if not np.isfinite(found).all():
        raise UserError(
            "the model's outputs hold NaN or infinity, so its training diverged: "
            "lower train.rate and train again"
        )
    return found.reshape(*images.shape[:-3], -1)
