"""Evaluation against a plain loop: eager, fp32, channels first.

    python benchmarks/evaluation.py

Both arms give the logits of the same network for the same images, in batches of the committed size.
Ours does so as evaluation does with `evaluate.precision: bf16`; theirs in a process of its own,
where the C library handles memory by itself. Target: 2.2 times as fast.
"""

import sys
from functools import cache

import numpy as np
import torch
from measure import apart, compare
from stages import committed

from constancy.evaluation.predict import predict_logits
from constancy.models.fused import fused
from constancy.models.network import Network, build_network
from constancy.settings import check_settings

IMAGES = 20_000


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 1), dtype=np.uint8)


def network(name: str) -> Network:
    torch.manual_seed(0)
    structure = check_settings(committed()).model.structure(name)
    shape = {"shape": (32, 32, 1), "classes": 10, "mean": [80.0], "std": [70.0]}
    return build_network(name, structure, **shape).eval()


@cache
def plain(name: str) -> tuple[Network, np.ndarray]:
    return network(name).to(memory_format=torch.contiguous_format), images().transpose(0, 3, 1, 2)


def theirs(name: str, batch_size: int) -> np.ndarray:
    network, first = plain(name)
    with torch.no_grad():
        batches = [
            network(torch.tensor(first[start : start + batch_size])).argmax(1)
            for start in range(0, IMAGES, batch_size)
        ]
    return torch.cat(batches).numpy()


def main(name: str) -> None:
    batch_size = check_settings(committed()).evaluate.batch_size
    mine, all_images = fused(network(name)), images()

    def ours() -> np.ndarray:
        return predict_logits(mine, all_images, batch_size, "cpu", precision="bf16").argmax(1)

    eager = apart(theirs, name, batch_size)
    same = float((ours() == eager()).mean())
    compare("evaluation", 2.2, ours, eager, rounds=5)
    print(f"the same answer for {same:.2%} of the images")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cnn")
