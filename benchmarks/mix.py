"""What the mix of training images brings: clean accuracy, each factor, and the worst of them.

    python benchmarks/mix.py                                    # the digits
    python benchmarks/mix.py archive:fashion-mnist.tar.gz --epochs 20 --copies 2 --flip \
        --batch-size 128 --precision bf16
    python benchmarks/mix.py archive:sign-digits.tar.gz --size 48 --color rgb

Every arm trains the same network from the same weights for the same number of steps, on the same
copies; only how often it sees which of them differs. Means over the seeds go to
reports/benchmarks/mix-NAME.json, by data, network, epochs and least severity.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import REPORTS
from stages import committed, prepare, train

from constancy.evaluation.evaluate import evaluate
from constancy.evaluation.scores import Metrics
from constancy.models.disk import save_model
from constancy.settings import PIXEL_FACTORS, Settings, check_settings

SINGLE = dict.fromkeys(PIXEL_FACTORS, 1)
ARMS: dict[str, Any] = {
    "none": {"untouched": 1},
    "one at a time": {"untouched": 1} | SINGLE,
    "several at once": {"untouched": 1, "combined": 6},
    "both": {"untouched": 1, "combined": 6} | SINGLE,
    "adaptive": "adaptive",
}


def score(settings: Settings, folder: Path) -> dict[str, float]:
    """The scores of a training on what `prepare` left."""
    with tempfile.TemporaryDirectory() as scratch:
        fitted = train(settings, folder, Path(scratch) / "workspace")
        model = Path(scratch) / "model"
        model.mkdir()
        save_model(model, fitted.network, fitted.card)
        test = folder / "suites" / "test"
        return scores(evaluate(model, folder / "prepared", test, settings.evaluate).metrics)


def scores(metrics: Metrics) -> dict[str, float]:
    """What an arm is judged by."""
    factors = {name: metrics.factors[name].accuracy for name in PIXEL_FACTORS}
    return {
        "clean": metrics.clean.accuracy,
        **factors,
        "mean": float(np.mean(list(factors.values()))),
        "worst": min(factors.values()),
        "combined": metrics.combined.accuracy,
    }


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", nargs="?", default="digits")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--color", default="grey")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--flip", action="store_true")
    parser.add_argument(
        "--least", type=float, default=2, help="severity from which copies are drawn"
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    return parser.parse_args(words)


def settings_of(chosen: argparse.Namespace, seed: int, mix: Any) -> Settings:
    values = committed()
    values["seed"] = seed
    values["model"]["name"] = chosen.model
    values["data"]["source"] = chosen.source
    values["data"]["image"] |= {"size": chosen.size, "color": chosen.color}
    values["variation"]["copies"] = dict.fromkeys((*PIXEL_FACTORS, "combined"), chosen.copies)
    values["variation"]["severities"]["least"] = chosen.least
    recipe = {"batch_size": chosen.batch_size, "precision": chosen.precision, "flip": chosen.flip}
    steps = {"epochs": chosen.epochs, "patience": chosen.epochs}
    values["train"] |= {"mix": mix} | recipe | steps
    return check_settings(values)


def run(chosen: argparse.Namespace) -> Iterator[tuple[str, dict[str, float]]]:
    """The scores of each arm and seed."""
    for seed in range(chosen.seeds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            prepare(settings_of(chosen, seed, "adaptive"), folder)
            for name in chosen.arms:
                yield name, score(settings_of(chosen, seed, ARMS[name]), folder)


def record_means(
    name: str, runs: Iterable[tuple[str, dict[str, float]]], about: dict[str, Any]
) -> None:
    """Print the scores of each run; write what they are about, and the means of each arm, to
    reports/benchmarks/NAME.json.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for arm, values in runs:
        found.setdefault(arm, []).append(values)
        print(f"{arm:16}", "  ".join(f"{key} {each:.4f}" for key, each in values.items()))
    means = {
        arm: {key: round(float(np.mean([run[key] for run in each])), 4) for key in each[0]}
        for arm, each in found.items()
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(about | {"arms": means}, indent=2)
    (REPORTS / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    chosen = arguments()
    file = Path(chosen.source).name  # wherever it lies here
    training = f"{chosen.model}-{chosen.epochs}-epochs-from-{chosen.least:g}"
    name = f"mix-{file.split('.')[0]}-{training}"
    record_means(name, run(chosen), vars(chosen) | {"source": file})
