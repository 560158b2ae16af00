"""Which layers have learned features that stay as they are while an image varies.

Goodfellow, Le, Saxe, Lee and Ng 2009, "Measuring invariances in deep networks": a unit that fires
for an image should go on firing for its variants, and still fire for few images.
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

TOP = 6
"""Base images that excite a unit most, of which it is kept which they are."""


@dataclass(frozen=True)
class LayerInvariance:
    """units: how many a layer has, of which `dead` answer too few base images to fire for as many
    as they should; factors: for each the mean, over the others, of their local over their global
    firing rate: 1 for units that know nothing of an image once it varies, 1 / 0.05 for those that
    always fire for its variants, too.
    """

    units: int
    dead: int
    factors: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Its part of metrics.json."""
        return {"units": self.units, "dead": self.dead, **self.factors}


@dataclass(eq=False)
class _Layer:
    """What is known of a layer's units; thresholds, fires: units, and base images x units."""

    threshold: np.ndarray
    fires: np.ndarray
    alive: np.ndarray
    exciting: np.ndarray
    """TOP x units: the base images with the largest activations, the largest first."""
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    """For each factor and unit, the firings for variants of the images that it fires for."""


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
            alive = threshold > activations.min(axis=0)
            exciting = np.argsort(-activations, axis=0, kind="stable")[:TOP]
            self.layers[name] = _Layer(threshold, activations >= threshold, alive, exciting)
        self._base = {}

    def take_variants(self, factor: str, rows: slice) -> None:
        """What has passed were variants, `rows` of all in a factor's: severities x directions x n."""
        for name, activations in self._seen.items():
            layer = self.layers[name]
            base = np.arange(rows.start, rows.stop) % len(layer.fires)
            kept = (activations >= layer.threshold) & layer.fires[base]
            before = layer.kept.get(factor, np.zeros(len(layer.threshold)))
            layer.kept[factor] = before + kept.sum(axis=0)
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
        fired = layer.fires.sum(axis=0)
        factors = {}
        for name, kept in layer.kept.items():
            times = self._variants[name] / count
            local = kept[alive] / (times * fired[alive])
            ratio = local / (fired[alive] / count)
            factors[name] = float(ratio.mean()) if alive.any() else 0.0
        return LayerInvariance(len(alive), int((~alive).sum()), factors)

    def _see(self, name: str, output: Tensor) -> None:
        if output.ndim in (2, 3, 4):
            self._seen[name] = _pooled(output).float().cpu().numpy()


def _pooled(features: Tensor) -> Tensor:
    """The mean over the picture, N x C x H x W, or over tokens, N x T x C; N x C as it is."""
    if features.ndim == 4:
        return features.mean(dim=(2, 3), dtype=torch.float32)
    return features.mean(dim=1, dtype=torch.float32) if features.ndim == 3 else features
