"""Small shifts and mirrorings, drawn and done on the device for a whole batch at once."""

import torch
from torch import Tensor


def jitter(images: Tensor, *, shift: int, flip: bool) -> Tensor:
    """Move each image by up to `shift` pixels each way, and mirror half of them if `flip`.

    images: uint8, N x H x W x C. Draws from torch's current generator. What a shift uncovers is
    filled with the edge pixels. One gather does all, so the pixels are read and written once.
    """
    if not shift and not flip:
        return images
    count, height, width, _ = images.shape
    device = images.device
    down, right = torch.randint(-shift, shift + 1, (2, count, 1), device=device)
    rows = (torch.arange(height, device=device) + down).clamp(0, height - 1)
    columns = (torch.arange(width, device=device) + right).clamp(0, width - 1)
    if flip:
        mirrored = torch.rand(count, 1, device=device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    numbers = torch.arange(count, device=device)[:, None, None]
    return images[numbers, rows[:, :, None], columns[:, None, :]]
