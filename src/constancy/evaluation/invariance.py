"""Which layers have learned features that stay as they are while an image varies.

Goodfellow, Le, Saxe, Lee and Ng 2009, "Measuring invariances in deep networks": a unit that fires
for an image should go on firing for its variants, and still fire for few images. What their global
firing rate is measured on are here the variants under the same factor, so that a unit that fires for
whatever is dark, or has a border, is not called invariant.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from constancy.evaluation.features import watching
from constancy.models.network import Network

RATE = 0.05
"""Of the base images, how many a unit fires for, about: the global firing rate."""

_MOST = 2  # times as many as wanted that a unit may fire for

TOP = 6
"""Base images that excite a unit most, of which it is kept which they are."""


@dataclass(frozen=True)
class LayerInvariance:
    """units: how many a layer has, of which `dead` cannot be made to fire for about as many base images
    as they should; factors: for each the mean, over the other units, of their local over their global
    firing rate: 1 for units that fire for variants of an image no sooner than for those of any other,
    some 1 / 0.05 for those that fire for all variants of their images and for no others. None where
    all are dead.
    """

    units: int
    dead: int
    factors: dict[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """Its part of metrics.json."""
        return {"units": self.units, "dead": self.dead, **self.factors}


@dataclass(eq=False)
class _Layer:
    """What is known of a layer's units; threshold: units; fires: base images x units."""

    threshold: np.ndarray
    fires: np.ndarray
    alive: np.ndarray
    exciting: np.ndarray
    """TOP x units: the base images with the largest activations, the largest first."""
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    """For each factor and unit, the firings for variants of the images that it fires for ..."""
    fired: dict[str, np.ndarray] = field(default_factory=dict)
    """... and those for any variant."""


class Invariance:
    """Gathers firing rates while a network passes first the base images and then their variants.

    A unit is a channel, its activation the mean over the picture (or over tokens).
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.layers: dict[str, _Layer] = {}
        self._seen: dict[str, np.ndarray] = {}  # of the last batch
        self._base: dict[str, list[np.ndarray]] = {}
        self._variants: dict[str, int] = {}

    def watching(self) -> AbstractContextManager[None]:
        """Within the block, what passes through the network is kept until the next batch does."""
        return watching(self.network, self._see)

    def take_base(self) -> None:
        """What has passed were the next of the base images."""
        for name, activations in self._seen.items():
            self._base.setdefault(name, []).append(activations)

    def settle(self) -> None:
        """All base images have passed: find the thresholds."""
        for name, parts in self._base.items():
            activations = np.concatenate(parts)
            wanted = max(1, round(RATE * len(activations)))
            threshold = np.partition(activations, -wanted, axis=0)[-wanted]
            fires = activations >= threshold
            # Not of units that say the same of most images, whether nothing or the most that they can.
            alive = (fires.sum(axis=0) <= _MOST * wanted) & ~fires.all(axis=0)
            exciting = np.argsort(-activations, axis=0, kind="stable")[:TOP].copy()
            self.layers[name] = _Layer(threshold, fires, alive, exciting)
        self._base = {}

    def take_variants(self, factor: str, rows: slice) -> None:
        """What has passed were variants, `rows` of all in a factor's: severities x directions x n."""
        for name, activations in self._seen.items():
            layer = self.layers[name]
            base = np.arange(rows.start, rows.stop) % len(layer.fires)
            fires = activations >= layer.threshold
            for counts, each in ((layer.kept, fires & layer.fires[base]), (layer.fired, fires)):
                before = counts.get(factor, np.zeros(len(layer.threshold)))
                counts[factor] = before + each.sum(axis=0)
        self._variants[factor] = rows.stop

    def scores(self) -> dict[str, LayerInvariance]:
        """Of each layer, from the image on."""
        return {name: self._score(layer) for name, layer in self.layers.items()}

    def exciting(self, name: str) -> dict[int, list[int]]:
        """Of a layer, for each unit that is not dead, the base images that excite it most."""
        layer = self.layers[name]
        return {
            unit: layer.exciting[:, unit].tolist() for unit in np.flatnonzero(layer.alive).tolist()
        }

    def _score(self, layer: _Layer) -> LayerInvariance:
        count, alive = len(layer.fires), layer.alive
        own = layer.fires[:, alive].sum(axis=0)
        factors: dict[str, float | None] = {}
        for name, kept in layer.kept.items():
            variants = self._variants[name]
            local = kept[alive] / (own * variants / count)
            overall = layer.fired[name][alive] / variants
            ratio = np.divide(local, overall, out=np.zeros_like(local), where=overall > 0)
            factors[name] = float(ratio.mean()) if alive.any() else None
        return LayerInvariance(len(alive), int((~alive).sum()), factors)

    def _see(self, name: str, output: Tensor) -> None:
        if output.ndim in (2, 3, 4):
            self._seen[name] = _pooled(output).float().cpu().numpy()


def _pooled(features: Tensor) -> Tensor:
    """The mean over the picture, N x C x H x W, or over tokens, N x T x C; N x C as it is."""
    if features.ndim == 4:
        return features.mean(dim=(2, 3), dtype=torch.float32)
    return features.mean(dim=1, dtype=torch.float32) if features.ndim == 3 else features
