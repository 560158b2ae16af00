"""Two images in one: mixup and cutmix, for a whole batch at once."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor


def blend(
    images: Tensor, labels: Tensor, mixup: float, cutmix: float, classes: int
) -> tuple[Tensor, Tensor]:
    """Each image blended with another one of the batch, or with a piece of it, and its label too.

    Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) as torchvision has them, each with a
    share drawn from Beta(alpha, alpha); where both alphas are above 0, either with the same chance.

    images: N x H x W x C; labels: int64, N; mixup, cutmix: the alphas, 0 for neither. Draws from
    torch's current generator. Returns images, as they came or float in 0..255, and labels, as they
    came or float, N x classes.
    """
    if not (mixup or cutmix):
        return images, labels
    chosen = _transform(mixup, cutmix, classes)
    blended, targets = chosen(images.permute(0, 3, 1, 2).to(torch.float32), labels)
    return blended.permute(0, 2, 3, 1), targets


@lru_cache(maxsize=1)
def _transform(mixup: float, cutmix: float, classes: int) -> Any:
    from torchvision.transforms import v2

    kinds = ((v2.MixUp, mixup), (v2.CutMix, cutmix))
    made = [kind(alpha=alpha, num_classes=classes) for kind, alpha in kinds if alpha]
    return v2.RandomChoice(made)
