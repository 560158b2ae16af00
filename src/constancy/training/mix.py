"""Which image of which kind training sees, drawn by index for a whole epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pytorch_lightning import Callback, LightningModule, Trainer

from constancy.seeds import generator
from constancy.settings import Settings

UNTOUCHED = "untouched"

# Of the adaptive mix: docs/mix.md has what it brings, and how other rules did.
UNTOUCHED_SHARE = 0.15
FLOOR = 0.1  # share of the weights that is the same for all kinds of copies
SMOOTHING = 0.3  # share of the newest error in the smoothed one
_NEGLIGIBLE = 1e-4  # an error: below, all kinds count alike


@dataclass(frozen=True)
class Epoch:
    """The draws of one epoch, in the order in which training sees them.

    rows: int64, N, a permutation of the training images; kinds: int64, N, positions in the mix;
    copies: int64, N, which copy of that kind (0 for untouched images).
    """

    rows: np.ndarray
    kinds: np.ndarray
    copies: np.ndarray


def draw_epoch(
    images: int, weights: Mapping[str, float], copies: Mapping[str, int], *, seed: int, epoch: int
) -> Epoch:
    """Every image once, each untouched or as one of its copies, as the weights say.

    weights: for each kind of image, not negative, of any sum; copies: for each kind but untouched,
    how many copies of each image there are. The draw hangs on (seed, epoch) alone, so training that
    starts again in the middle of an epoch sees the same images.
    """
    kinds = list(weights)
    shares = np.array([weights[kind] for kind in kinds], np.float64)
    random = generator(seed, "epoch", epoch)
    rows = random.permutation(images)
    drawn = random.choice(len(kinds), images, p=shares / shares.sum())
    limits = np.array([1 if kind == UNTOUCHED else copies[kind] for kind in kinds])
    return Epoch(rows, drawn, random.integers(0, limits[drawn]))


class FixedMix:
    """The same weights in every epoch."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)


class AdaptiveMix(Callback):
    """Weights that follow the errors on the validation suites: what the network cannot do yet, it
    sees more often.

    A kind of copies weighs what its smoothed error does among all of theirs; a part of the weights
    is the same for all, so that nothing is forgotten, and untouched images have a share of their
    own. The errors are part of every checkpoint.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self.errors = dict.fromkeys(kinds, 1.0)

    @property
    def weights(self) -> dict[str, float]:
        """For each kind of image, untouched ones first; their sum is 1."""
        weak = {kind: max(error, _NEGLIGIBLE) for kind, error in self.errors.items()}
        even, total = FLOOR / len(weak), sum(weak.values())
        shares = {kind: even + (1 - FLOOR) * each / total for kind, each in weak.items()}
        rest = 1 - UNTOUCHED_SHARE
        return {UNTOUCHED: UNTOUCHED_SHARE} | {kind: rest * each for kind, each in shares.items()}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        for kind in self.errors:
            error = 1 - trainer.callback_metrics[f"validation_{kind}"].item()
            self.errors[kind] += SMOOTHING * (error - self.errors[kind])
        for logger in trainer.loggers:
            shares = {f"mix_{kind}": each for kind, each in self.weights.items()}
            logger.log_metrics(shares, step=trainer.global_step)

    def state_dict(self) -> dict[str, float]:
        return dict(self.errors)

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        self.errors = dict(state_dict)


def choose_mix(settings: Settings) -> FixedMix | AdaptiveMix:
    """The mix that `train.mix` asks for; an adaptive one has all copies that there are."""
    mix = settings.train.mix
    if mix.adaptive:
        return AdaptiveMix(list(settings.variation.copies.positive()))
    return FixedMix(mix.positive())
