"""Evaluation against a plain loop: eager, fp32, channels first.

    python benchmarks/evaluation.py

Both arms give the logits of the same network for the same images, in batches of the committed size.
Ours does so as evaluation does with `evaluate.precision: bf16`. Target: 2.2 times as fast.
"""

import sys

import numpy as np
import torch
from measure import compare
from stages import committed

from constancy.evaluation.predict import predict_logits
from constancy.models.network import Network, build_network
from constancy.settings import check_settings

IMAGES = 20_000


def main(name: str) -> None:
    settings = check_settings(committed())
    batch_size = settings.evaluate.batch_size
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 1), dtype=np.uint8)
    shape = {"shape": (32, 32, 1), "classes": 10, "mean": [80.0], "std": [70.0]}

    def network() -> Network:
        torch.manual_seed(0)
        return build_network(name, settings.model.structure(name), **shape).eval()

    mine, plain = network(), network().to(memory_format=torch.contiguous_format)

    def ours() -> np.ndarray:
        return predict_logits(mine, images, batch_size, "cpu", precision="bf16").argmax(1)

    def theirs() -> np.ndarray:
        first = images.transpose(0, 3, 1, 2)
        with torch.no_grad():
            batches = [
                plain(torch.tensor(first[start : start + batch_size])).argmax(1)
                for start in range(0, IMAGES, batch_size)
            ]
        return torch.cat(batches).numpy()

    same = float((ours() == theirs()).mean())
    compare("evaluation", 2.2, ours, theirs, rounds=5)
    print(f"the same answer for {same:.2%} of the images")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cnn")
