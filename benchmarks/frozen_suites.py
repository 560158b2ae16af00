"""Evaluation on frozen suites against the plain loop that applies each transform on the fly.

    python benchmarks/frozen_suites.py archive:fashion-mnist.tar.gz [NETWORK]

Both arms answer the same variants of the same base images with the same network, in fp32, in turn.
Theirs, in a process of its own, makes the variants by the factors' own definition, as fast as the
suite itself was made, normalises them and predicts, eager and channels first, one after another; and
once more with predictions in batches of one factor, severity and direction. Ours reads the frozen
suite, in the evaluation's batches. The predictions must be the same. Then the whole evaluation,
statistics and report included, is timed and its peak memory printed, once. Target: 5 times as fast,
and 60 s for the whole.
"""

import resource
import sys
import tempfile
import time
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure import apart, compare, record
from stages import prepare, without_copies

from constancy.data.packed import Dataset, PackedSplit
from constancy.evaluation.evaluate import evaluate
from constancy.evaluation.history import COLUMNS
from constancy.evaluation.predict import predict_logits
from constancy.evaluation.write import write_evaluation
from constancy.models.disk import load_model, save_model
from constancy.models.fused import fused
from constancy.models.network import Network
from constancy.settings import Settings, check_settings
from constancy.settings.base import SEVERITIES
from constancy.training.fit import describe
from constancy.variation.limits import limits_of
from constancy.variation.scene import Donors
from constancy.variation.suites import Suite
from constancy.variation.variants import Maker
from constancy.variation.view import View, border_colors

ROUNDS = 3
BASE = 100  # base images of which both arms answer the variants; the whole evaluation has them all


def write_model(settings: Settings, prepared: Path, folder: Path) -> None:
    """An untrained network, whose answers hang on its draw alone: it computes as a trained one does."""
    count = len(PackedSplit.load(prepared / "train"))
    torch.manual_seed(0)
    card = describe(settings.model, Dataset.load(prepared), count)
    network = card.build()
    for module in network.modules():  # answers of many classes, which need some gain in all layers
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(module.weight)
    folder.mkdir()
    save_model(folder, network, card)


@cache
def plain(source: str, name: str, folder: Path) -> tuple[Network, PackedSplit, Suite, Maker]:
    """What the plain loop needs."""
    settings = check_settings(without_copies(source, name))
    split = PackedSplit.load(folder / "prepared" / "test")
    maker = Maker(
        (settings.seed, "suite", "test"),
        settings.variation,
        Donors.of(split.images, split.labels),
        limits_of(settings.variation, Dataset.load(folder / "prepared").classes),
    )
    network = load_model(folder / "model")[0].to(memory_format=torch.contiguous_format)
    return network, split, Suite.load(folder / "suites" / "test"), maker


def on_the_fly(source: str, name: str, folder: Path, batch_size: int) -> np.ndarray:
    """The answers to all variants, int64, as a plain loop finds them."""
    network, split, suite, maker = plain(source, name, folder)
    rows = suite.index["row"].to_numpy()[:BASE]
    images, labels = np.asarray(split.images[rows]), split.labels[rows]
    ids = suite.index["id"].tolist()[:BASE]
    borders = border_colors(images)
    scenes = [maker.scene(images.shape[1:], int(label)) for label in labels]
    answers = []
    for kind, directions in suite.directions.items():
        for severity in SEVERITIES:
            for direction in directions:
                drawn = [
                    maker.draw(kind, severity, direction, sample, scene)
                    for sample, scene in zip(ids, scenes, strict=True)
                ]
                views = View.of_each(drawn, images.shape[1:])
                variants = (
                    torch.from_numpy(view.apply(image, border)).permute(2, 0, 1)
                    for view, image, border in zip(views, images, borders, strict=True)
                )
                while batch := list(islice(variants, batch_size)):
                    with torch.inference_mode():
                        answers.append(network(torch.stack(batch)).argmax(1))
    return torch.cat(answers).numpy()


def frozen(network: Network, suite: Suite, batch_size: int) -> np.ndarray:
    """The same answers from the suite."""
    logits = (
        predict_logits(network, suite.images[kind][:, :, :BASE], batch_size)
        for kind in suite.directions
    )
    return np.concatenate([each.argmax(-1).ravel() for each in logits])


def main(source: str, name: str) -> None:
    settings = check_settings(without_copies(source, name))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(settings, folder)
        prepared, model = folder / "prepared", folder / "model"
        write_model(settings, prepared, model)
        suite = Suite.load(folder / "suites" / "test")
        network, card = load_model(model)
        mine = fused(network)

        def ours() -> np.ndarray:
            return frozen(mine, suite, settings.evaluate.batch_size)

        for case, together in (("frozen_suites_in_batches", BASE), ("frozen_suites", 1)):
            theirs = apart(on_the_fly, source, name, folder, together)
            same = float((ours() == theirs()).mean())
            print(f"the same answer for {same:.4%} of the variants", file=sys.stderr)
            compare(f"{case}_{card.name}", 5, ours, theirs, rounds=ROUNDS)
        whole(settings, folder, model, card.name)


def whole(settings: Settings, folder: Path, model: Path, network: str) -> None:
    """Time the evaluation as the stage does it, after imports."""
    history = {column: [0.5] for column in COLUMNS} | {"epoch": [0]}
    start = time.perf_counter()
    suite = folder / "suites" / "test"
    evaluation = evaluate(model, folder / "prepared", suite, settings.evaluate)
    names = ("metrics", "predictions", "report", "plots")
    outputs = {name: folder / name for name in names}
    run = {"settings": settings.model_dump(), "choices": {}}
    write_evaluation(evaluation, pd.DataFrame(history), run, **outputs)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    answers = sum(each[..., 0].size for each in evaluation.varied.values())
    about = {"variants": answers, "megabytes": round(peak)}
    record(f"evaluation_whole_{network}", seconds / 60, 1, {"seconds": seconds}, **about)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "auto")
