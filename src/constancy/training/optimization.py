"""How weights learn: the optimiser, and the rate from step to step."""

import math

from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
)

from constancy.models.network import Network
from constancy.models.transfer import parameter_groups
from constancy.settings.train import Train

_FIRST = 0.04  # of the peak rate: where a warm-up begins


def make_optimizer(network: Network, train: Train, body_rate: float = 1) -> Optimizer:
    """AdamW (Loshchilov and Hutter 2019), or SGD with Nesterov's momentum of 0.9.

    Fused: one pass over all weights in a step. body_rate: see `parameter_groups`.
    """
    groups, decay = parameter_groups(network, train.rate, body_rate), train.weight_decay
    if train.optimizer == "sgd":
        return SGD(groups, momentum=0.9, weight_decay=decay, nesterov=True, fused=True)
    return AdamW(groups, weight_decay=decay, fused=True)


def make_schedule(optimizer: Optimizer, train: Train, steps: int) -> LRScheduler:
    """The rate of each of `steps` steps; that of the optimiser is the peak.

    onecycle: up along a cosine for the share `train.warmup` of all steps, then down to nearly
    nothing, while momentum goes the other way (Smith and Topin 2018); cosine: up along a line, then
    down along a cosine to nothing (Loshchilov and Hutter 2017).
    """
    if train.schedule == "onecycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        share = train.warmup
        if math.isclose(share * steps, 1):
            share = 1.5 / steps  # by one step alone torch would divide by nothing
        return OneCycleLR(optimizer, peaks, total_steps=steps, pct_start=share)
    rising = min(round(train.warmup * steps), steps - 1)
    fall = CosineAnnealingLR(optimizer, T_max=steps - rising)
    if not rising:
        return fall
    return SequentialLR(
        optimizer, [LinearLR(optimizer, _FIRST, total_iters=rising), fall], [rising]
    )
