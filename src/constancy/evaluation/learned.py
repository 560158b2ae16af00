"""What a network learned, as pictures: filters, feature maps, images that excite a unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from constancy.evaluation.features import pictures
from constancy.evaluation.invariance import Invariance
from constancy.models.layers import first_convolution
from constancy.models.network import Network

FILTERS = 64  # shown, at the most
MAPPED_LAYERS, MAPS = 5, 8
EXCITED_LAYERS, UNITS = 3, 4
LARGEST = 64  # pixels; larger maps are averaged down

Name = TypeVar("Name", str, int)


@dataclass(frozen=True, eq=False)
class Learned:
    """filters: of the first convolution, uint8, h x w x 1 or 3: grey is 0, lighter is more; none for
    a network without one. image: uint8, H x W x C; maps: for layers from the image on, what they make
    of it: of the channels that it excites most, uint8, h x w x 1, dark is 0. exciting: for layers
    from the image on, and some units, the positions of the base images that excite them most.
    """

    filters: list[np.ndarray]
    image: np.ndarray
    maps: dict[str, list[np.ndarray]]
    exciting: dict[str, dict[int, list[int]]]


def what_was_learned(network: Network, image: np.ndarray, invariance: Invariance) -> Learned:
    """Pictures of a network in evaluation mode; image: uint8, H x W x C; invariance: of the network,
    which has seen the base images.
    """
    shown = torch.from_numpy(image[None]).to(network.mean.device).permute(0, 3, 1, 2)
    with torch.inference_mode(), pictures(network) as seen:
        network(shown)
    maps = layer_maps(seen)
    units = {name: _spread(invariance.exciting(name), UNITS) for name in invariance.layers}
    excited = [name for name, found in units.items() if found]
    return Learned(
        filters=_filters(network),
        image=image,
        maps={name: stretched(each[strongest(each)]) for name, each in maps.items()},
        exciting={
            name: {unit: invariance.exciting(name)[unit] for unit in units[name]}
            for name in _spread(excited, EXCITED_LAYERS)
        },
    )


def _filters(network: Network) -> list[np.ndarray]:
    """Each stretched by its own largest weight, so that 0 stays grey."""
    found = first_convolution(network.body)
    if found is None:
        return []
    weights = found[1].weight.detach().float().cpu().permute(0, 2, 3, 1).numpy()[:FILTERS]
    if weights.shape[-1] not in (1, 3) or weights[0, ..., 0].size == 1:
        return []
    most = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    stretched = np.divide(weights, most, where=most > 0, out=np.zeros_like(weights))
    return list((127.5 + 127.5 * stretched).round().astype(np.uint8))


def layer_maps(seen: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """What layers made of an image, by name, evenly from the image on: each float32, channels x h x w;
    what is below 0 counts as 0. seen: what `pictures` found in it.
    """
    found = {}
    for name in _spread(seen, MAPPED_LAYERS):
        maps = seen[name][0].float().clamp(min=0)
        if max(maps.shape[1:]) > LARGEST:
            maps = torch.nn.functional.adaptive_avg_pool2d(maps, LARGEST)
        found[name] = maps.cpu().numpy()
    return found


def strongest(maps: np.ndarray) -> np.ndarray:
    """The channels of a layer's maps with the highest means, int64, the highest first."""
    return np.argsort(-maps.mean(axis=(1, 2)), kind="stable")[:MAPS]


def stretched(maps: np.ndarray) -> list[np.ndarray]:
    """Maps as pictures, uint8, h x w x 1: 0 is black, the largest value of each map white."""
    most = maps.max(axis=(1, 2), keepdims=True)
    scaled = maps * np.divide(255, most, where=most > 0, out=np.zeros_like(most))
    return list(scaled.round().astype(np.uint8)[..., None])


def _spread(names: Iterable[Name], count: int) -> list[Name]:
    """At most `count` of them, evenly from the first to the last."""
    listed = list(names)
    places = np.linspace(0, len(listed) - 1, min(count, len(listed))).round().astype(int)
    return [listed[place] for place in places]
